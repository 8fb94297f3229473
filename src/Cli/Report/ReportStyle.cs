namespace DPT.Engine.Cli;

/// <summary>The style sheet of the report, light and dark.</summary>
internal static class ReportStyle
{
    /// <summary>The CSS.</summary>
    public const string Css = """
        :root { color-scheme: light dark; --ink: #1c2733; --faint: #8694a3; --line: #d9e0e7; --paper: #fff;
          --c0: #2265c3; --c1: #d1622b; --c2: #2d8f5b; --c3: #9b4fc0; --c4: #b8922a; --c5: #58717f; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e3e9ef; --faint: #8b98a5; --line: #313c47; --paper: #14191e;
          --c0: #6ea8ff; --c1: #ff9a66; --c2: #62cf95; --c3: #cf94ee; --c4: #e2c063; --c5: #a3b9c6; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
          max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
        .cards { display: flex; flex-wrap: wrap; gap: 1rem; margin-bottom: 1rem; }
        .cards div { border: 1px solid var(--line); border-radius: 8px; padding: .7rem 1rem; min-width: 10rem; }
        .cards b { display: block; font-size: 1.6rem; }
        .warnings { border-left: 4px solid var(--c1); padding: .3rem 1rem .3rem 2rem; }
        .plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); gap: 1rem; }
        figure { margin: 0; max-width: 40rem; } figcaption { font-weight: 600; }
        svg { width: 100%; } svg text { font-size: 11px; fill: var(--faint); }
        svg .grid { stroke: var(--line); } polyline, circle { fill: none; stroke-width: 1.8; }
        .s0 { stroke: var(--c0); } .s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); }
        .s3 { stroke: var(--c3); } .s4 { stroke: var(--c4); } .s5 { stroke: var(--c5); }
        .smean { stroke: var(--ink); stroke-width: 3; } .kmean::before { color: var(--ink); }
        .b0 { fill: var(--c0); } .b1 { fill: var(--c1); } .b2 { fill: var(--c2); }
        .b3 { fill: var(--c3); } .b4 { fill: var(--c4); } .b5 { fill: var(--c5); }
        .legend span { margin-right: 1rem; font-size: .85rem; } .legend span::before { content: "\25A0\00A0"; }
        .k0::before { color: var(--c0); } .k1::before { color: var(--c1); } .k2::before { color: var(--c2); }
        .k3::before { color: var(--c3); } .k4::before { color: var(--c4); } .k5::before { color: var(--c5); }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
        td, th { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left; font-weight: normal; }
        .confusion td { text-align: right; background: color-mix(in srgb, var(--c0) calc(var(--share) * 70%), transparent); }
        img.grid { image-rendering: pixelated; width: min(100%, 48rem); border: 1px solid var(--line); }
        """;
}
