import { headings, readPage, readPages } from './pages';

const FOLDER = 'docs/adr/';
const records = readPages().filter(({ path }) => path.startsWith(FOLDER) && !path.endsWith('README.md'));

test('records are numbered from 0001 without a gap', () => {
  const numbers = records.map(({ path }) => path.slice(FOLDER.length, FOLDER.length + 5));
  expect(numbers.length).toBeGreaterThan(0);
  expect(numbers).toEqual(numbers.map((_, index) => `${String(index + 1).padStart(4, '0')}-`));
});

test('the index lists every record under its title', () => {
  const index = readPage(`${FOLDER}README.md`).text;
  const missing = records.filter(({ path, text }) => {
    const title = (headings(text)[0] ?? '').replace(/^\d+\. /, '');
    return !index.includes(`| [${title}](${path.slice(FOLDER.length)}) |`);
  });
  expect(missing.map(({ path }) => path)).toEqual([]);
});

test.each(records)('$path has its four parts', ({ path, text }) => {
  const [title, ...parts] = headings(text);
  expect(title).toMatch(new RegExp(`^${Number(path.slice(FOLDER.length, FOLDER.length + 4))}\\. `));
  expect(parts).toEqual(['Context', 'Choice', 'What was measured', 'What would change it']);
});
