using System.Security.Cryptography;
using System.Text;

namespace DPT.Engine.Cli;

/// <summary>The page's script: the values of all curves under the pointer. Without it everything else is there.</summary>
internal static class ReportScript
{
    /// <summary>The script. Coordinates of a curve are turned back into values with the ends of the axes.</summary>
    public const string Text = """
        (() => {
          const tip = document.body.appendChild(document.createElement('div'));
          tip.className = 'tip';
          const axis = text => { const [a, b, scale, unit] = text.split(' '); return { a: +a, b: +b, log: scale === 'log', percent: unit === 'percent' }; };
          const value = (axis, share) => axis.log ? axis.a * (axis.b / axis.a) ** share : axis.a + share * (axis.b - axis.a);
          const words = (axis, number) => axis.percent ? (100 * number).toFixed(1) + ' %' : String(+number.toPrecision(4));
          const line = (parent, text, style) => { const p = parent.appendChild(document.createElement('p')); p.textContent = text; p.className = style; };
          for (const svg of document.querySelectorAll('svg[data-box]')) {
            const [left, right, top, bottom] = svg.dataset.box.split(' ').map(Number);
            const [x, y] = [axis(svg.dataset.x), axis(svg.dataset.y)];
            const curves = [...svg.querySelectorAll('polyline')];
            const cursor = svg.appendChild(document.createElementNS(svg.namespaceURI, 'line'));
            cursor.setAttribute('class', 'cursor');
            cursor.setAttribute('y1', top);
            cursor.setAttribute('y2', bottom);
            svg.addEventListener('pointermove', event => {
              const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()).x;
              const near = points => [...points].reduce((best, point) => Math.abs(point.x - at) < Math.abs(best.x - at) ? point : best);
              const found = curves.map(curve => ({ curve, point: near(curve.points) }));
              const nearest = near(found.map(f => f.point)).x;
              cursor.setAttribute('x1', nearest);
              cursor.setAttribute('x2', nearest);
              tip.replaceChildren();
              line(tip, words(x, value(x, (nearest - left) / (right - left))) + ' ' + svg.dataset.across, 'where');
              for (const { curve, point } of found.filter(f => Math.abs(f.point.x - nearest) < (right - left) / 50)) {
                line(tip, curve.dataset.name + '  ' + words(y, value(y, (bottom - point.y) / (bottom - top))), 'k' + curve.getAttribute('class').slice(1));
              }
              tip.style.display = cursor.style.display = 'block';
              const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
              tip.style.left = Math.max(4, Math.min(event.clientX + 14, room)) + 'px';
              tip.style.top = Math.max(4, event.clientY - tip.offsetHeight - 14) + 'px';
            });
            svg.addEventListener('pointerleave', () => { tip.style.display = cursor.style.display = 'none'; });
          }
        })();
        """;

    /// <summary>Its hash as a policy names it: then a page runs this script and nothing that has slipped into it.</summary>
    public static string Hash { get; } = "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Text)));
}
