using System.Globalization;
using System.Security;
using System.Text;

namespace BoxerMpi.Launcher.Topologies;

/// <summary>A line of a chart.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Colour">As SVG takes it.</param>
/// <param name="Dashed">Whether it is dashed.</param>
/// <param name="Points">Above zero, from left to right.</param>
internal sealed record ChartLine(string Name, string Colour, bool Dashed, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Draws lines over logarithmic axes as SVG. Small on purpose: a plotting library would double the launcher's start.</summary>
internal sealed class LineChart(string title, string xTitle, string yTitle, Func<double, string> xLabel, Func<double, string> yLabel)
{
    private const int Width = 900;
    private const int Height = 560;
    private const int Left = 90;
    private const int Right = 190;
    private const int Top = 50;
    private const int Bottom = 60;

    // More labels than this would run into each other.
    private const int MostLabels = 9;

    /// <summary>Draws the lines, and marks with a text at places on the horizontal axis.</summary>
    public string Draw(IReadOnlyList<ChartLine> lines, IReadOnlyList<(double X, string Colour)> marks)
    {
        (double X, double Y)[] all = [.. lines.SelectMany(line => line.Points)];
        (double minX, double maxX) = Span(all.Select(point => point.X), 2);
        (double minY, double maxY) = Span(all.Select(point => point.Y), 10);
        StringBuilder svg = new();
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\" ");
        svg.Append("font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\" font-size=\"12\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<rect width=\"{Width}\" height=\"{Height}\" fill=\"white\"/>\n");
        Text(svg, Left, 28, title, "start", size: 16);

        foreach (double x in Ticks(minX, maxX, 2))
        {
            Line(svg, X(x), Top, X(x), Height - Bottom, "#e0e0e0");
            Text(svg, X(x), Height - Bottom + 18, xLabel(x), "middle");
        }

        foreach (double y in Ticks(minY, maxY, 10))
        {
            Line(svg, Left, Y(y), Width - Right, Y(y), "#e0e0e0");
            Text(svg, Left - 8, Y(y) + 4, yLabel(y), "end");
        }

        foreach ((double x, string colour) in marks)
        {
            if (x >= minX && x <= maxX)
                Line(svg, X(x), Top, X(x), Height - Bottom, colour, "2,4");
        }

        svg.Append(
            CultureInfo.InvariantCulture,
            $"<rect x=\"{Left}\" y=\"{Top}\" width=\"{Width - Left - Right}\" height=\"{Height - Top - Bottom}\" " +
            $"fill=\"none\" stroke=\"#404040\"/>\n");
        for (int i = 0; i < lines.Count; i++)
        {
            ChartLine line = lines[i];
            string path = string.Join(
                ' ', line.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.X):0.0},{Y(point.Y):0.0}")));
            string dash = line.Dashed ? " stroke-dasharray=\"7,4\"" : "";
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<polyline points=\"{path}\" fill=\"none\" stroke=\"{line.Colour}\" stroke-width=\"2\"{dash}/>\n");
            double at = Top + 16 + i * 20;
            Line(svg, Width - Right + 14, at - 4, Width - Right + 44, at - 4, line.Colour, line.Dashed ? "7,4" : "", 2);
            Text(svg, Width - Right + 50, at, line.Name, "start");
        }

        Text(svg, Left + (Width - Left - Right) / 2, Height - 14, xTitle, "middle", size: 13);
        svg.Append(CultureInfo.InvariantCulture, $"<g transform=\"rotate(-90 18 {Top + (Height - Top - Bottom) / 2})\">");
        Text(svg, 18, Top + (Height - Top - Bottom) / 2, yTitle, "middle", size: 13);
        return svg.Append("</g>\n</svg>\n").ToString();

        double X(double value) => Left + (Width - Left - Right) * Part(value, minX, maxX);

        double Y(double value) => Height - Bottom - (Height - Top - Bottom) * Part(value, minY, maxY);
    }

    private static double Part(double value, double least, double most) => Math.Log(value / least) / Math.Log(most / least);

    /// <summary>From a power of the base to another, so that ticks are at both ends.</summary>
    private static (double Least, double Most) Span(IEnumerable<double> values, double numberBase)
    {
        double[] sorted = [.. values.Order()];
        double least = Math.Pow(numberBase, Math.Floor(Math.Log(sorted[0], numberBase) + 1e-9));
        double most = Math.Pow(numberBase, Math.Ceiling(Math.Log(sorted[^1], numberBase) - 1e-9));
        return most > least ? (least, most) : (least, least * numberBase);
    }

    private static IEnumerable<double> Ticks(double least, double most, double numberBase)
    {
        int count = (int)Math.Round(Math.Log(most / least, numberBase));
        int step = (count + MostLabels - 1) / MostLabels;
        for (int i = 0; i <= count; i += step)
            yield return least * Math.Pow(numberBase, i);
    }

    private static void Line(
        StringBuilder svg, double x1, double y1, double x2, double y2, string colour, string dash = "", int width = 1) => svg.Append(
        CultureInfo.InvariantCulture,
        $"<line x1=\"{x1:0.0}\" y1=\"{y1:0.0}\" x2=\"{x2:0.0}\" y2=\"{y2:0.0}\" stroke=\"{colour}\" " +
        $"stroke-width=\"{width}\"{(dash.Length > 0 ? $" stroke-dasharray=\"{dash}\"" : "")}/>\n");

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor, int size = 12) => svg.Append(
        CultureInfo.InvariantCulture,
        $"<text x=\"{x:0.0}\" y=\"{y:0.0}\" text-anchor=\"{anchor}\" font-size=\"{size}\">{SecurityElement.Escape(text)}</text>\n");
}
