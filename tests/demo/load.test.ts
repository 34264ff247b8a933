import { loadAt, type Habit, type Load } from '../../services/demo/load';

const HABITS: Habit[] = ['training', 'starved', 'serving', 'interactive', 'batch', 'processing'];
const minutes = Array.from({ length: 1200 }, (_, i) => i / 10);
const course = (habit: Habit, seed = 3, gpu = 0): Load[] =>
  minutes.map((minute) => loadAt(habit, seed, minute, gpu));
const gpuRatios = (habit: Habit): number[] =>
  course(habit)
    .slice(100)
    .map(({ gpuRatio }) => gpuRatio);
const mean = (numbers: number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

describe('the load of a job', () => {
  test.each(HABITS)('stays between nothing and all: %s', (habit) => {
    const ratios = [0, 1, 0xffffffff]
      .flatMap((seed) => course(habit, seed))
      .flatMap(({ gpuRatio, gpuMemoryRatio, cpuRatio, memoryRatio }) => [
        gpuRatio,
        gpuMemoryRatio,
        cpuRatio,
        memoryRatio,
      ]);
    expect(Math.min(...ratios)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ratios)).toBeLessThanOrEqual(1);
  });

  test('of training warms up, then stands high but for its checkpoints', () => {
    expect(loadAt('training', 3, 0.1, 0).gpuRatio).toBe(0);
    const ratios = gpuRatios('training');
    expect(mean(ratios)).toBeGreaterThan(0.85);
    expect(Math.min(...ratios)).toBeLessThan(0.1);
  });

  test('tells a starved GPU, a served one and a played with one from it', () => {
    const [training, starved, serving, interactive] = (
      ['training', 'starved', 'serving', 'interactive'] as const
    ).map((habit) => mean(gpuRatios(habit)));
    expect(starved).toBeLessThan(training! - 0.15);
    expect(serving).toBeLessThan(training! - 0.3);
    expect(interactive).toBeLessThan(0.45);
    expect(Math.max(...gpuRatios('interactive'))).toBeGreaterThan(0.5);
    expect(Math.max(...gpuRatios('processing'))).toBe(0);
  });

  test('differs a little from GPU to GPU', () => {
    expect(course('training', 3, 1)).not.toEqual(course('training', 3, 0));
  });
});
