import { partsOf } from '../../bench/downtime/parts';

const activity = (type: string, startedAt: number, completedAt: number | null) => ({
  type,
  scheduledAt: startedAt,
  startedAt,
  completedAt,
});

test('a downtime is split into what was done in it, and what lay between', () => {
  const split = partsOf({ fromMs: 1000, toMs: 2000, ms: 1000 }, [
    activity('copyAhead', 0, 900),
    // Begun before the visitor saw anything of it.
    activity('takeProductionDown', 950, 1050),
    activity('countRows', 1060, 1100),
    activity('stopDatabase', 1110, 1300),
    activity('copyStore', 1310, 1700),
    activity('startDatabase', 1710, 1900),
    activity('bringProductionUp', 1920, 2100),
    activity('makeArchive', 2150, 3000),
  ]);
  expect(split).toEqual({ down: 50, count: 40, stop: 190, copy: 390, start: 190, up: 80, look: 0, between: 60 });
});

test('a copy that takes nothing down has no parts', () => {
  const split = partsOf({ fromMs: 1000, toMs: 1000, ms: 0 }, [activity('copyStore', 1200, 1300)]);
  expect(Object.values(split).every((ms) => ms === 0)).toBe(true);
});
