import { formatTime } from '../../events/time';

const NAME = 'recordedtime';
/** The attribute's name, or escapes, with which it could be written. */
const MAY_BE_NAMED = /recordedtime|\\u/;

/**
 * The event on one line, with this `recordedtime` in place of any that it had. Everything else stays as
 * written, even a number that a double can't hold or a member that no version of ours knows.
 * @param json an event that decodeEvent() took
 */
export function withRecordedTime(json: string, recordedTimeMs: number): string {
  const member = `"${NAME}":"${formatTime(recordedTimeMs)}"`;
  const text = oneLine(json);
  if (!MAY_BE_NAMED.test(text)) return `${text.slice(0, text.lastIndexOf('}'))},${member}}`;
  const members = membersOf(text).filter(({ name }) => name !== NAME);
  return `{${[...members.map((one) => one.text), member].join(',')}}`;
}

/** In JSON, line ends occur only between tokens. */
export function oneLine(json: string): string {
  return json.replace(/[\r\n]+/g, ' ').trim();
}

interface Member {
  readonly name: string;
  /** Name, colon, value. */
  readonly text: string;
}

/** The members of a JSON object, each as it is written. */
function membersOf(json: string): Member[] {
  const members: Member[] = [];
  const last = json.lastIndexOf('}');
  for (let at = json.indexOf('{') + 1; at < last;) {
    const end = endOfMember(json, at, last);
    const text = json.slice(at, end).trim();
    const name: unknown = JSON.parse(text.slice(0, endOfText(text, 0)));
    members.push({ name: String(name), text });
    at = end + 1;
  }
  return members;
}

/** The position of the comma after the member that begins at `from`, or of the object's end. */
function endOfMember(json: string, from: number, last: number): number {
  let depth = 0;
  for (let at = from; at < last; at++) {
    const c = json[at];
    if (c === '"') at = endOfText(json, at) - 1;
    else if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') depth--;
    else if (c === ',' && depth === 0) return at;
  }
  return last;
}

/** The position after the closing quote of the text that begins at `open`. */
function endOfText(json: string, open: number): number {
  for (let at = open + 1; at < json.length; at++) {
    if (json[at] === '\\') at++;
    else if (json[at] === '"') return at + 1;
  }
  return json.length;
}
