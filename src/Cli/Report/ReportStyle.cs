namespace DPT.Engine.Cli;

/// <summary>The style sheet of all reports: light and dark, for wide screens, phones and paper.</summary>
internal static class ReportStyle
{
    /// <summary>The CSS.</summary>
    public const string Css = """
        :root { color-scheme: light dark; --paper: #fff; --card: #f5f7fa; --ink: #151b24; --soft: #5c6775; --line: #e1e6ec;
          --c0: #1d5fd6; --c1: #d0601f; --c2: #7a8794; --c3: #8a4fc0; --c4: #a87a12; --c5: #0f8a6d; --bad: #c03a2b; --good: #0f7d5a; }
        @media (prefers-color-scheme: dark) { :root { --paper: #0f1317; --card: #181d23; --ink: #e9edf2; --soft: #9aa5b1; --line: #2a323b;
          --c0: #7db0ff; --c1: #ff9c66; --c2: #8d9aa7; --c3: #cf9cf0; --c4: #e2c063; --c5: #4fd0ad; --bad: #ff8d7d; --good: #5fd3a5; } }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body { font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); background: var(--paper);
          max-width: 72rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
        h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; } h2 { font-size: 1.375rem; line-height: 1.3; margin: 0 0 1rem; }
        h3 { font-size: 1rem; margin: 2rem 0 .75rem; }
        p { margin: 0; max-width: 46rem; } section { margin-top: 4rem; }
        .note, .eyebrow, .lead, .notes, .samples small { color: var(--soft); } .note { font-size: .875rem; margin-top: .5rem; }
        .lead { margin: -.5rem 0 1.25rem; }
        .eyebrow { font-size: .875rem; letter-spacing: .02em; margin-bottom: .75rem; }
        .hero { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 2rem 3rem; align-items: start; margin-top: 1.5rem; }
        .hero h1 { font-weight: 400; } .hero .number { display: block; font-size: clamp(3.25rem, 11vw, 5.5rem); font-weight: 650; letter-spacing: -.035em; line-height: 1; white-space: nowrap; }
        .hero .is { display: block; font-size: 1.0625rem; line-height: 1.5; letter-spacing: 0; margin-top: .75rem; max-width: 34rem; }
        .hero .gain { font-size: clamp(1.75rem, 5vw, 2.25rem); font-weight: 650; letter-spacing: -.02em; line-height: 1.15; color: var(--ink); }
        .hero .up { color: var(--good); } .hero .down { color: var(--bad); }
        .hero svg { display: block; width: 100%; max-width: 30rem; margin: .75rem 0 .25rem; }
        .hero .axis { stroke: var(--line); stroke-width: 2; } .hero .whisker { stroke: currentColor; stroke-width: 5; stroke-linecap: round; opacity: .45; }
        .hero .dot { fill: currentColor; }
        .cards, .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 13rem), 1fr)); gap: .75rem; margin: 2rem 0 0; }
        .cards { grid-template-columns: repeat(auto-fit, minmax(min(100%, 10rem), 1fr)); }
        .cards div { background: var(--card); border-radius: 10px; padding: .9rem 1.1rem; font-size: .875rem; line-height: 1.4; color: var(--soft); }
        .cards b { display: block; font-size: 1.5rem; line-height: 1.3; font-weight: 600; color: var(--ink); letter-spacing: -.01em; }
        .facts { gap: 1rem 2rem; border-top: 1px solid var(--line); padding-top: 1.5rem; margin-top: 2rem; }
        .facts dt { font-size: .8125rem; color: var(--soft); } .facts dd { margin: 0; } .facts .whole { grid-column: 1 / -1; }
        code { font: .8125rem/1.6 ui-monospace, "SF Mono", Consolas, monospace; background: var(--card); border-radius: 6px; padding: .15rem .45rem; }
        .warnings { list-style: none; margin: 1.5rem 0 0; padding: .9rem 1.1rem; border-radius: 10px; background: color-mix(in srgb, var(--c1) 10%, var(--paper)); }
        .warnings li::first-letter { text-transform: uppercase; } .warnings li + li { margin-top: .5rem; }
        .plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 2rem 1.5rem; }
        figure { margin: 0; min-width: 0; } figure.large { grid-column: 1 / -1; } figcaption { font-weight: 600; font-size: .9375rem; margin-bottom: .35rem; }
        .plot svg { display: block; width: 100%; touch-action: pan-y; } .plot svg.narrow { display: none; }
        svg text { font-size: 11.5px; fill: var(--soft); } svg .grid { stroke: var(--line); } polyline, circle { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .large polyline { stroke-width: 2.5; } .band { opacity: .12; } .cursor { stroke: var(--soft); stroke-dasharray: 3 3; display: none; }
        .s0 { stroke: var(--c0); } .s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); } .s3 { stroke: var(--c3); } .s4 { stroke: var(--c4); } .s5 { stroke: var(--c5); }
        circle.s0, .b0 { fill: var(--c0); } circle.s1, .b1 { fill: var(--c1); } circle.s2, .b2 { fill: var(--c2); }
        circle.s3, .b3 { fill: var(--c3); } circle.s4, .b4 { fill: var(--c4); } circle.s5, .b5 { fill: var(--c5); }
        .smean { stroke: var(--ink); stroke-width: 3; } circle.smean { fill: var(--ink); } .kmean::before { background: var(--ink); }
        .legend { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; font-size: .8125rem; color: var(--soft); padding-left: .25rem; } h3 + .legend { margin: -.25rem 0 1.25rem; } .legend b { white-space: nowrap; color: var(--ink); font-weight: 600; }
        [class^=k]::before { content: ""; display: inline-block; width: .65em; height: .65em; border-radius: 2px; margin-right: .45em; }
        .k0::before { background: var(--c0); } .k1::before { background: var(--c1); } .k2::before { background: var(--c2); }
        .k3::before { background: var(--c3); } .k4::before { background: var(--c4); } .k5::before { background: var(--c5); }
        .tip { display: none; position: fixed; z-index: 9; pointer-events: none; background: var(--ink); color: var(--paper); border-radius: 8px;
          padding: .5rem .7rem; font-size: .8125rem; line-height: 1.45; max-width: 90vw; } .tip .where { opacity: .7; }
        .scale { margin: 0 .4rem 1.25rem 0; accent-color: var(--c0); vertical-align: -1px; } .scale + label { font-size: .875rem; color: var(--soft); }
        .scale:not(:checked) ~ .plots .log, .scale:checked ~ .plots .linear { display: none; }
        .scroll { overflow: auto; max-height: 40rem; max-width: 100%; }
        table { border-collapse: collapse; font-size: .875rem; overflow-wrap: normal; } td, th { padding: .4rem 1rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left; font-weight: 400; }
        th { color: var(--soft); } .numbers td { max-width: 28rem; overflow-wrap: anywhere; }
        details { margin-top: 1.25rem; } summary { cursor: pointer; color: var(--c0); margin-bottom: .75rem; }
        .confusion { border-collapse: separate; border-spacing: 2px; } .confusion td, .confusion th { border: 0; padding: .35rem .5rem; text-align: center; min-width: 2.4rem; }
        .confusion th:first-child { text-align: right; position: sticky; left: 0; background: var(--paper); min-width: 6rem; max-width: 12rem; overflow-wrap: break-word; }
        .confusion.upright thead th:not(:first-child) { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 11rem; text-align: left; white-space: nowrap; overflow: hidden; }
        .confusion thead th { position: sticky; top: 0; background: var(--paper); z-index: 1; max-width: 6rem; overflow-wrap: anywhere; vertical-align: bottom; }
        .confusion td { border-radius: 4px; background: var(--card); } .confusion .hit { background: color-mix(in srgb, var(--c0) calc(var(--share) * 75%), var(--card)); }
        .confusion .miss { background: color-mix(in srgb, var(--c1) calc(20% + var(--share) * 80%), var(--card)); } .confusion .rate { background: none; color: var(--soft); }
        .classes { display: grid; grid-template-columns: fit-content(11rem) repeat(3, auto); gap: .6rem 2rem; justify-content: start; align-items: center; }
        .classes.two { grid-template-columns: fit-content(11rem) repeat(2, auto); } .classes.one { grid-template-columns: fit-content(11rem) auto; }
        .classes .name { font-weight: 600; } .classes .column { font-size: .8125rem; color: var(--soft); }
        .strip { display: flex; flex-wrap: wrap; gap: 3px; }
        .pixel { image-rendering: pixelated; display: block; border-radius: 3px; background: var(--card); width: 40px; height: 40px; }
        .film { display: flex; flex-wrap: wrap; gap: 1.25rem 1rem; } .film figure { flex: 1 1 7rem; max-width: 12rem; } .film figcaption { font-weight: 400; font-size: .8125rem; color: var(--soft); margin: .3rem 0 0; }
        .film img { display: block; image-rendering: pixelated; border-radius: 4px; width: 100%; }
        .samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(4.5rem, 1fr)); gap: 1rem .75rem; } .samples .pixel { width: 56px; height: 56px; }
        .samples figcaption { font-weight: 400; font-size: .8125rem; line-height: 1.35; margin: .3rem 0 0; } .samples small { display: block; } .samples .wrong { color: var(--bad); }
        .pairs { image-rendering: pixelated; max-width: 100%; width: 48rem; border-radius: 6px; display: block; }
        .bar { display: flex; height: 1.75rem; border-radius: 8px; overflow: hidden; margin-bottom: 1.25rem; gap: 2px; } .bar i { min-width: 2px; overflow: hidden; white-space: nowrap; font-style: normal; font-size: .8125rem; line-height: 1.75rem; padding: 0 .5rem; color: var(--paper); background: var(--c0); }
        .notes { padding-left: 1.2rem; font-size: .875rem; }
        @media (max-width: 48rem) { body { padding: 1.5rem 1rem 3rem; } section { margin-top: 3rem; } .facts { grid-template-columns: 1fr 1fr; }
          .plot svg.broad { display: none; } .plot svg.narrow { display: block; } .scale:not(:checked) ~ .plots .log, .scale:checked ~ .plots .linear { display: none; }
          .classes, .classes.two, .classes.one { grid-template-columns: 1fr; gap: .5rem; } .classes .column { display: none; } .classes .name { margin-top: 1rem; }
          .strip[data-kind]::before { content: attr(data-kind); width: 100%; font-size: .8125rem; color: var(--soft); } }
        @media print { body { max-width: none; padding: 0; font-size: 11pt; } section { margin-top: 2rem; } .scale, .scale + label, .tip, summary { display: none; }
          figure, .cards div, tr, .strip { break-inside: avoid; } h2, h3 { break-after: avoid; } .scroll { max-height: none; overflow: visible; } * { print-color-adjust: exact; } }
        """;
}
