import type { LabelSelector } from '../../../crds/meta/label-selector.ts';
import { checkLabelValue, checkQualifiedName } from '../schema/names.ts';
import type { FieldError } from '../schema/structural.ts';
import { checked, forbiddenValue, invalidValue, required } from './errors.ts';

/**
 * What is wrong with a metav1.LabelSelector.
 * Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go
 */
export function selectorErrors(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  path: string,
): FieldError[] {
  const labels = Object.entries(matchLabels).flatMap(([key, value]) => [
    ...checked(`${path}.matchLabels`, key, checkQualifiedName(key)),
    ...checked(`${path}.matchLabels`, value, checkLabelValue(value)),
  ]);
  const expressions = matchExpressions.flatMap(({ key, operator, values = [] }, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const errors = checked(`${at}.key`, key, checkQualifiedName(key));
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) {
        const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        errors.push(forbiddenValue(`${at}.values`, detail));
      }
    } else errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
    return errors;
  });
  return [...labels, ...expressions];
}
