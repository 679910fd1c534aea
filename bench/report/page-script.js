// Runs in the page, after uPlot and quantity.ts: draws the run in the element #run.
(() => {
  const run = JSON.parse(document.getElementById('run').textContent);
  const report = document.getElementById('report');
  const OURS = ['#0f766e', '#2563eb', '#7c3aed', '#0891b2', '#4d7c0f'];
  const THEIRS = ['#d97706', '#b91c1c', '#78716c', '#a16207'];
  const PLOT_HEIGHT = 260;

  /** Makes an element with a class, and children or text. */
  function make(tag, className, ...children) {
    const node = document.createElement(tag);
    node.className = className;
    node.append(...children);
    return node;
  }

  /** C's lines have warm colours, ours cold ones. A name keeps its colour. */
  const colours = new Map();
  let ours = 0;
  let theirs = 0;
  function colourOf(name) {
    if (!colours.has(name)) {
      const isC = /^C\b/.test(name);
      colours.set(name, isC ? THEIRS[theirs++ % THEIRS.length] : OURS[ours++ % OURS.length]);
    }
    return colours.get(name);
  }

  function isDark() {
    return matchMedia('(prefers-color-scheme: dark)').matches;
  }

  function axis(more) {
    const stroke = isDark() ? '#98a2ab' : '#66707a';
    const line = { stroke: isDark() ? '#31373d' : '#e8eaec', width: 1 };
    return { stroke, grid: line, ticks: line, ...more };
  }

  /** Adds a card with a plot of the card's width. */
  function plot(into, title, data, options) {
    const card = make('div', 'card', make('h3', '', title));
    into.append(card);
    const width = () => Math.max(280, card.clientWidth - 30);
    const chart = new uPlot({ width: width(), height: PLOT_HEIGHT, ...options }, data, card);
    new ResizeObserver(() => chart.setSize({ width: width(), height: PLOT_HEIGHT })).observe(card);
  }

  function seriesOf(name, unit, points) {
    return {
      label: name,
      stroke: colourOf(name),
      width: 2,
      dash: /^C\b/.test(name) ? [6, 4] : undefined,
      points: { show: points },
      value: (_, value) => quantity(value, unit),
    };
  }

  /** Plots latency over percentile, where each step to the right is one more nine. */
  function distribution(into, title, measures) {
    const percentiles = measures[0].curve.map(([percentile]) => percentile);
    const xs = percentiles.map((percentile) => -Math.log10(1 - percentile / 100));
    const nines = (x) => (x === 0 ? '0 %' : `${Number((100 * (1 - 10 ** -x)).toFixed(Math.max(0, x)))} %`);
    plot(into, title, [xs, ...measures.map(({ curve }) => curve.map(([, value]) => value))], {
      scales: { x: { time: false }, y: { distr: 3 } },
      axes: [
        axis({ splits: () => [0, 1, 2, 3, 4], values: (_, splits) => splits.map(nines) }),
        axis({
          size: 64,
          values: (_, splits) =>
            splits.map((value) => (/^[125]0*$/.test(String(value)) ? quantity(value, 'ns') : '')),
        }),
      ],
      series: [
        { label: 'percentile', value: (_, x) => (x === null ? '' : nines(x)) },
        ...measures.map(({ contender }) => seriesOf(contender, 'ns', false)),
      ],
    });
  }

  function growth(into, { title, x, y, xs, lines }) {
    plot(into, title, [xs, ...lines.map(({ ys }) => ys)], {
      scales: { x: { time: false, distr: 3, log: 2 }, y: { distr: y === 'ns' ? 3 : 1 } },
      axes: [
        axis({ label: x, splits: () => xs, values: (_, splits) => splits.map(String) }),
        axis({
          size: 84,
          values: (_, splits) =>
            splits.map((value) =>
              y !== 'ns' || /^[125]0*$/.test(String(value)) ? quantity(value, y).replace(y, '') : '',
            ),
        }),
      ],
      series: [{ label: x }, ...lines.map(({ name }) => seriesOf(name, y, true))],
    });
  }

  /** Makes one table for all variants, with a head line for each. */
  function numbers({ measures }) {
    const table = make('table', 'numbers');
    for (const variant of new Set(measures.map((measure) => measure.variant))) {
      const here = measures.filter((measure) => measure.variant === variant);
      const heads = here.some(({ p90 }) => p90 !== undefined) ? ['p50', 'p90', 'p99', 'p99.9', 'max'] : [''];
      table.append(make('tr', '', ...[variant, ...heads].map((text) => make('th', '', text))));
      for (const { contender, unit, p50, p90, p99, p999, max } of here) {
        const cells = [p50, p90, p99, p999, max].slice(0, heads.length).map((value) => quantity(value, unit));
        table.append(make('tr', '', ...[contender, ...cells].map((text) => make('td', '', text))));
      }
    }
    return make('div', 'tables', table);
  }

  /** Makes a bar for the value, and a mark for its limit. */
  function gauge({ value, bar, met, runs = [] }) {
    const full = Math.max(bar.limit * 1.6, value, ...runs);
    const percent = (number) => `${(100 * Math.min(number, full)) / full}%`;
    const fill = make('span', '');
    fill.style.width = percent(value);
    fill.style.background = met ? 'var(--good)' : 'var(--bad)';
    const limit = make('span', 'limit');
    limit.style.left = `calc(${percent(bar.limit)} - 1px)`;
    const node = make('div', 'gauge', fill, limit);
    node.title = runs.length > 0 ? `each run: ${runs.map((one) => one.toFixed(2)).join(', ')}` : '';
    return node;
  }

  function verdicts(rows) {
    const grid = make('div', 'verdicts');
    for (const { number, verdicts: all } of rows) {
      for (const verdict of all) {
        const { what, value, bar, unit, met } = verdict;
        grid.append(
          make('div', '', `${number}. ${what}`),
          gauge(verdict),
          make('div', `number ${met ? 'met' : 'missed'}`, `${quantity(value, unit)} ${met ? '✓' : '✗'}`),
          make('div', 'dim', `${bar.kind} ${quantity(bar.limit, unit)}`),
        );
      }
    }
    return grid;
  }

  function row(result) {
    const section = make('section', '', make('h2', '', `${result.number}. ${result.title}`));
    section.append(make('p', '', result.method));
    for (const note of result.notes) section.append(make('p', '', note));
    const plots = make('div', 'plots');
    section.append(plots);
    report.append(section);
    for (const one of result.growths) growth(plots, one);
    const withCurve = result.measures.filter(({ curve, count }) => curve !== undefined && count >= 100);
    for (const variant of new Set(withCurve.map((measure) => measure.variant))) {
      distribution(
        plots,
        variant,
        withCurve.filter((measure) => measure.variant === variant),
      );
    }
    section.append(numbers(result));
  }

  const { machine } = run;
  report.append(
    make('h1', '', 'dpdk-ipc against librte_eal'),
    make(
      'p',
      '',
      `${machine.cpus} × ${machine.cpu}, ${machine.kernel}, Node ${machine.node}, DPDK ${machine.dpdk}. ` +
        `${run.runs > 1 ? `Median of ${run.runs} runs, the last at` : 'One run at'} ${run.at}. ` +
        'Dashed lines are C; the marks are the limits that the project wants to meet.',
    ),
  );
  if (run.quick) report.append(make('p', 'warning', 'Made with --quick: the times mean nothing.'));
  report.append(verdicts(run.rows));
  for (const result of run.rows) row(result);
})();
