import pino from 'pino';
import { forPeople } from '../../services/process/for-people';

function said(usesColor: boolean, say: (logger: pino.Logger) => void): string {
  let text = '';
  const write = (json: string): void => void (text += forPeople(json, usesColor));
  say(pino({ level: 'trace', base: null, timestamp: () => ',"time":"2026-11-24T08:00:00.123Z"' }, { write }));
  return text;
}

test('a time, a level, what is said, and the fields', () => {
  const text = said(false, (logger) => {
    logger.warn({ topic: 'lifecycle', records: 3, positions: { lifecycle: 7 } }, 'the log took no events');
    logger.error({ err: new Error('a bug\nin lines') }, 'a request failed');
    logger.info('bare');
  });
  expect(text).toBe(
    '08:00:00 warn  the log took no events topic=lifecycle records=3 positions={"lifecycle":7}\n' +
      '08:00:00 error a request failed error=a bug in lines\n' +
      '08:00:00 info  bare\n',
  );
});

test('the level in colour, and no control character of whoever is quoted', () => {
  expect(said(true, (logger) => logger.warn({ id: '\u001b[2J\u0007' }, 'x'))).toBe(
    '08:00:00 \u001b[33mwarn \u001b[0m x id= [2J \n'.replace(' \n', '\n'),
  );
});
