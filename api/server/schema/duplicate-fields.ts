import type { FieldError } from './field-error.ts';
import { elementPath, fieldPath } from './field-path.ts';

/** A value that is still open while the text is read. */
interface Level {
  readonly path: string;
  /** Names seen so far in an object; undefined in a list. */
  readonly seen: Set<string> | undefined;
  /** Path of the field or element that is read now. */
  childPath: string;
  index: number;
}

/** A string or a character that opens, closes or separates; everything else says nothing about fields. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

/**
 * The fields that a JSON text names twice in one object. `JSON.parse` keeps the last of them in silence; Kubernetes
 * refuses them under strict field validation.
 * @param json a text that `JSON.parse` accepts
 */
export function duplicateFields(json: string): FieldError[] {
  const errors: FieldError[] = [];
  const levels: Level[] = [];
  let expectsName = false;
  for (const [token] of json.matchAll(TOKEN)) {
    const level = levels.at(-1);
    switch (token) {
      case '{':
      case '[':
        levels.push(openLevel(level, token === '{'));
        expectsName = token === '{';
        break;
      case '}':
      case ']':
        levels.pop();
        expectsName = false;
        break;
      case ',':
        expectsName = level?.seen !== undefined;
        if (level !== undefined) level.index += 1;
        break;
      case ':':
        expectsName = false;
        break;
      default:
        if (expectsName && level?.seen !== undefined)
          errors.push(...readName(level, level.seen, JSON.parse(token)));
        expectsName = false;
    }
  }
  return errors;
}

function openLevel(parent: Level | undefined, isObject: boolean): Level {
  const path = parent === undefined ? '' : childPathOf(parent);
  return { path, seen: isObject ? new Set() : undefined, childPath: path, index: 0 };
}

function childPathOf(level: Level): string {
  return level.seen === undefined ? elementPath(level.path, level.index) : level.childPath;
}

function readName(level: Level, seen: Set<string>, name: string): FieldError[] {
  const path = fieldPath(level.path, name);
  level.childPath = path;
  if (!seen.has(name)) {
    seen.add(name);
    return [];
  }
  return [{ field: path, type: 'unknown', detail: `duplicate field ${JSON.stringify(path)}` }];
}
