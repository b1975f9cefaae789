"""The chart of the README: time relative to native on a logarithmic scale, one band of bars for each row."""
import html
import math

COLOURS = {"litebox": "#0b6e4f", "gvisor": "#b5651d", "bwrap": "#7a8699"}
LEFT, WIDTH, BAR, GAP, TOP = 330, 560, 7, 7, 58
LOW, HIGH = 0.01, 300.0


def place(value):
    value = min(max(value, LOW), HIGH)
    return LEFT + WIDTH * (math.log10(value) - math.log10(LOW)) / (math.log10(HIGH) - math.log10(LOW))


def text(x, y, content, extra=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" {extra}>{html.escape(content)}</text>'


def draw(result):
    names = [n for n in COLOURS if n in result["systems"] and not result["systems"][n]["missing"]]
    rows = [r for r in result["rows"] if r["unit"] == "x" and any(r["figures"].get(n) for n in names)]
    band = len(names) * BAR + GAP
    height = TOP + band * len(rows) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 60} {height}" '
           'font-family="system-ui, sans-serif" font-size="11" fill="#1b1f24">',
           '<rect width="100%" height="100%" fill="#ffffff"/>',
           text(12, 20, "Time relative to native Linux on the same machine (logarithmic; shorter is better)",
                'font-size="13" font-weight="600"')]
    x = 12
    for name in names:
        title = result["systems"][name]["title"]
        out += [f'<rect x="{x}" y="31" width="10" height="10" fill="{COLOURS[name]}"/>', text(x + 14, 40, title)]
        x += 34 + 6.2 * len(title)
    out.append(text(x, 40, "| goal"))
    for value in (0.01, 0.1, 1, 10, 100):
        bold = value == 1
        out += [f'<line x1="{place(value):.0f}" x2="{place(value):.0f}" y1="{TOP - 8}" y2="{height - 30}" '
                f'stroke="{"#1b1f24" if bold else "#d7dce2"}" stroke-width="{1.5 if bold else 1}"/>',
                text(place(value), height - 14, "native" if bold else f"{value:g}×", 'text-anchor="middle"')]
    for number, row in enumerate(rows):
        y = TOP + number * band
        out.append(text(LEFT - 8, y + band / 2, row["title"], 'text-anchor="end"'))
        for i, name in enumerate(names):
            value = row["figures"].get(name)
            if not value:
                continue
            start, end = place(LOW), place(value)
            out.append(f'<rect x="{start:.1f}" y="{y + i * BAR}" width="{end - start:.1f}" height="{BAR - 1}" '
                       f'fill="{COLOURS[name]}"><title>{html.escape(name)}: {value:.3g}×</title></rect>')
            if name == "litebox":
                out.append(text(end + 3, y + i * BAR + 7, f"{value:.2g}×", 'font-size="9"'))
        out.append(f'<line x1="{place(row["goal"]):.1f}" x2="{place(row["goal"]):.1f}" y1="{y - 2}" '
                   f'y2="{y + BAR + 1}" stroke="#c1121f" stroke-width="2"/>')
    return "\n".join(out + ["</svg>"]) + "\n"
