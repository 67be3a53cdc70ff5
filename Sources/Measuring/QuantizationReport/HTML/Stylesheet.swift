/// The page's appearance: one column, system fonts, light or dark to match the reader's system.
enum Stylesheet {
  static let text: StaticString = """
    :root {
      --ground: #fbfbfa; --card: #ffffff; --ink: #1d2126; --soft: #5b646e; --line: #dfe2e5;
      --accent: #0b6bb8; --second: #b86a00; --old: #9aa4ae; --good: #1a7f4b; --fair: #9a6700;
      --bad: #b3261e; --stripe: #f4f5f6;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #14171a; --card: #1c2024; --ink: #e6e8ea; --soft: #9aa4ae; --line: #30363c;
        --accent: #62b0f0; --second: #e6a13c; --old: #66707a; --good: #4cc38a; --fair: #e3b341;
        --bad: #f47067; --stripe: #191d21;
      }
    }
    * { box-sizing: border-box; }
    html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
    @media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
    body {
      margin: 0 auto; padding: 1.5rem clamp(0.8rem, 3vw, 2rem) 3rem; max-width: 78rem;
      background: var(--ground); color: var(--ink);
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
    }
    .skip { position: absolute; left: -99rem; }
    .skip:focus { left: 1rem; top: 0.5rem; background: var(--card); padding: 0.3rem 0.6rem; }
    h1 { font-size: clamp(1.4rem, 4vw, 2rem); line-height: 1.2; margin: 0.4rem 0; overflow-wrap: anywhere; }
    h2 { font-size: 1.3rem; margin: 0 0 0.6rem; }
    h3 { font-size: 1.05rem; margin: 1.6rem 0 0.4rem; overflow-wrap: anywhere; }
    p { margin: 0.5rem 0; max-width: 46rem; }
    a { color: var(--accent); }
    .verdict { font-size: 1.1rem; overflow-wrap: anywhere; }
    .note { color: var(--soft); font-size: 0.93rem; }
    .warning { border-left: 3px solid var(--fair); padding-left: 0.7rem; }
    .status {
      display: inline-block; margin: 0; padding: 0.15rem 0.75rem; border-radius: 1rem;
      font-size: 0.85rem; font-weight: 600; color: var(--ground); background: var(--soft);
    }
    .status.agree { background: var(--good); }
    .status.mostly { background: var(--fair); }
    .status.differ { background: var(--bad); }
    nav {
      position: sticky; top: 0; z-index: 2; display: flex; gap: 0.2rem 1.1rem; overflow-x: auto;
      margin: 1.2rem 0 0; padding: 0.6rem 0; background: var(--ground);
      border-bottom: 1px solid var(--line); font-size: 0.92rem; white-space: nowrap;
    }
    nav a { text-decoration: none; }
    nav a:hover { text-decoration: underline; }
    section {
      margin: 1.4rem 0; padding: 1.2rem clamp(0.8rem, 2.5vw, 1.5rem); background: var(--card);
      border: 1px solid var(--line); border-radius: 0.6rem; scroll-margin-top: 3.2rem;
    }
    .facts {
      display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0.6rem;
      margin: 1rem 0;
    }
    .facts div {
      padding: 0.55rem 0.8rem; background: var(--card); border: 1px solid var(--line);
      border-radius: 0.5rem;
    }
    section .facts div { background: var(--ground); }
    .facts dt { color: var(--soft); font-size: 0.8rem; }
    .facts dd { margin: 0; font-size: 1.12rem; font-weight: 600; font-variant-numeric: tabular-nums; }
    .scroll { overflow-x: auto; margin: 0.8rem 0; }
    .scroll:focus-visible, pre:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
    caption { text-align: left; color: var(--soft); font-size: 0.85rem; padding-bottom: 0.35rem; }
    th, td {
      padding: 0.32rem 0.65rem; text-align: left; vertical-align: top; white-space: nowrap;
      border-bottom: 1px solid var(--line);
    }
    thead th { color: var(--soft); font-weight: 600; font-size: 0.82rem; vertical-align: bottom; }
    tbody th { font-weight: 500; }
    tbody tr:nth-child(even) { background: var(--stripe); }
    .w { white-space: normal; min-width: 11rem; max-width: 24rem; overflow-wrap: break-word; }
    .n { text-align: right; font-variant-numeric: tabular-nums; }
    #tensors .scroll { max-height: 36rem; overflow-y: auto; }
    #tensors thead th { position: sticky; top: 0; background: var(--card); z-index: 1; }
    #tensors tbody th { min-width: 15rem; }
    #tensors caption { position: absolute; left: -99rem; }
    table.sortable thead button {
      all: unset; cursor: pointer; color: inherit; font: inherit; display: inline-block;
    }
    table.sortable thead button:hover { text-decoration: underline; }
    table.sortable thead button:focus-visible { outline: 2px solid var(--accent); }
    th[aria-sort="ascending"] button::after { content: " \\25B4"; }
    th[aria-sort="descending"] button::after { content: " \\25BE"; }
    .filter { display: flex; flex-wrap: wrap; gap: 0.4rem; margin: 0.8rem 0; }
    .filter button {
      font: inherit; font-size: 0.88rem; color: inherit; background: none; cursor: pointer;
      border: 1px solid var(--line); border-radius: 1rem; padding: 0.2rem 0.8rem;
    }
    .filter button[aria-pressed="true"] {
      background: var(--accent); border-color: var(--accent); color: var(--ground);
    }
    code, pre { font: 0.86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
    pre {
      margin: 0.6rem 0; padding: 0.8rem 1rem; background: var(--ground); overflow-x: auto;
      border: 1px solid var(--line); border-radius: 0.4rem; white-space: pre-wrap;
      overflow-wrap: anywhere;
    }
    .hash { font-size: 0.75rem; }
    .tag { font-size: 0.8rem; color: var(--soft); }
    .bars { min-width: 8rem; vertical-align: middle; }
    .bar { display: block; height: 0.5rem; margin: 0.22rem 0; border-radius: 0.15rem; background: var(--accent); }
    .bar.before { background: var(--old); }
    .histogram { width: auto; min-width: min(100%, 26rem); margin: 1rem 0; }
    .histogram .bars { width: 14rem; }
    figure { margin: 0.8rem 0; }
    .chart { display: block; width: 100%; min-width: 32rem; max-width: 52rem; height: auto; }
    .chart .grid { stroke: var(--line); stroke-width: 1; }
    .chart .tick { fill: var(--soft); font-size: 12px; }
    .chart .end { text-anchor: end; }
    .chart .mid { text-anchor: middle; }
    .free, .forced { fill: none; stroke-width: 2; stroke-linejoin: round; }
    .free { stroke: var(--accent); }
    .forced { stroke: var(--second); stroke-dasharray: 5 3; }
    .key { margin-right: 1.2rem; font-size: 0.88rem; white-space: nowrap; }
    .swatch { width: 1.75rem; height: 0.5rem; margin-right: 0.4rem; vertical-align: middle; }
    .examples { display: grid; gap: 1.4rem; }
    .example { margin: 0; }
    .triple { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0.5rem; max-width: 62rem; }
    .triple img { display: block; width: 100%; height: auto; border-radius: 0.3rem; }
    .example figcaption { margin-top: 0.35rem; font-size: 0.92rem; overflow-wrap: anywhere; }
    @media (max-width: 34rem) { .triple { grid-template-columns: 1fr; max-width: 22rem; } }
    .chip { padding: 0 0.4rem; border-radius: 0.25rem; color: #14171a; }
    .chip.both { background: #b4b4b4; }
    .chip.float { background: #56b4e9; }
    .chip.int8 { background: #e69f00; }
    details { margin: 0.5rem 0; }
    td details, th details { margin: 0; }
    summary { cursor: pointer; }
    ul { margin: 0.3rem 0; padding-left: 1.2rem; }
    footer { color: var(--soft); font-size: 0.85rem; }
    @media print {
      body { max-width: none; } nav, .filter, .skip { display: none; }
      #tensors .scroll { max-height: none; } section { break-inside: auto; border: 0; padding: 0; }
    }
    """
}
