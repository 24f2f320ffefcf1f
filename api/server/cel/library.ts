import { Environment } from '@marcbachmann/cel-js';
import { addComprehensions } from './comprehensions.ts';
import { addFormats } from './formats.ts';
import { addLists, addSets } from './lists.ts';
import { addNetwork } from './network.ts';
import { addQuantities } from './quantities.ts';
import { addRegex } from './regex.ts';
import { addSemver } from './semver.ts';
import { addStrings } from './strings.ts';
import { addUrls } from './urls.ts';

/**
 * The language of rules: CEL with optionals, and what Kubernetes adds to it.
 * Source: k8s.io/apiserver/pkg/cel/environment/base.go
 */
export function createEnvironment(): Environment {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  addLists(environment);
  addSets(environment);
  addStrings(environment);
  addRegex(environment);
  addUrls(environment);
  addQuantities(environment);
  addNetwork(environment);
  addFormats(environment);
  addSemver(environment);
  addComprehensions(environment);
  return environment;
}
