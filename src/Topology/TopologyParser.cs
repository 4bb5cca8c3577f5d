using System.Globalization;

namespace BoxerMpi;

/// <summary>The text form of topologies.</summary>
internal static class TopologyParser
{
    private const string Possible =
        "Possible are mesh, grid, grid:RxC, tree, tree:K, ring, star, hypercube, edges:A-B,C-D,... and edges:@FILE.";

    public static Topology Parse(string spec, int size)
    {
        ArgumentNullException.ThrowIfNull(spec);
        string text = spec.Trim();
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = (colon < 0 ? text : text[..colon]).TrimEnd().ToLowerInvariant();
        string? argument = colon < 0 ? null : text[(colon + 1)..].Trim();

        return (name, argument) switch
        {
            ("mesh", null) => Topology.Mesh(size),
            ("grid", null) => Topology.Grid(size),
            ("grid", _) => ParseGrid(argument, size),
            ("tree", null) => Topology.Tree(size),
            ("tree", _) => ParseTree(argument, size),
            ("ring", null) => Topology.Ring(size),
            ("star", null) => Topology.Star(size),
            ("hypercube", null) => Topology.Hypercube(size),
            ("edges", null) => throw new FormatException($"'{spec}' lists no edges. {Possible}"),
            ("edges", ['@', .. string path]) => ParseFile(path.Trim(), size),
            ("edges", _) => ParseEdges(argument, size),
            ("mesh" or "ring" or "star" or "hypercube", _) =>
                throw new FormatException($"'{name}' takes nothing after it, but ':{argument}' is given. {Possible}"),
            ("", _) => throw new FormatException($"The topology is empty. {Possible}"),
            _ => throw new FormatException($"There is no topology '{name}'. {Possible}"),
        };
    }

    private static Topology ParseGrid(string argument, int size)
    {
        string[] parts = argument.Split('x', 'X');
        if (parts.Length != 2 || !TryParseNumber(parts[0], out int rows) || !TryParseNumber(parts[1], out int columns))
            throw new FormatException($"'{argument}' is not a grid's rows and columns. Write grid:RxC, such as grid:4x8, or grid alone.");
        if (rows < 1 || columns < 1)
        {
            throw new ArgumentOutOfRangeException(
                rows < 1 ? nameof(rows) : nameof(columns), 0,
                "A grid has at least one row and one column. Write grid:RxC, such as grid:4x8.");
        }

        return Topology.Grid(size, rows, columns);
    }

    private static Topology ParseTree(string argument, int size)
    {
        if (!TryParseNumber(argument, out int arity))
            throw new FormatException($"'{argument}' is not a number of children. Write tree:K, such as tree:2, or tree alone.");
        return Topology.Tree(size, arity);
    }

    private static Topology ParseEdges(string argument, int size)
    {
        List<(int, int)> edges = [];
        if (argument.Length > 0)
        {
            foreach (string edge in argument.Split(','))
                edges.Add(ParseEdge(edge, () => $"number {edges.Count + 1}"));
        }

        return Topology.FromEdges(size, edges);
    }

    private static Topology ParseFile(string path, int size)
    {
        List<(int, int)> edges = [];
        try
        {
            int number = 0;
            foreach (string line in File.ReadLines(path))
            {
                number++;
                int comment = line.IndexOf('#', StringComparison.Ordinal);
                string edge = comment < 0 ? line : line[..comment];
                if (!string.IsNullOrWhiteSpace(edge))
                    edges.Add(ParseEdge(edge, () => $"in line {number} of '{path}'"));
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new FormatException(
                $"The file '{path}' of edges cannot be read: {ex.Message} Write edges:@FILE, one edge A-B a line.", ex);
        }

        return Topology.FromEdges(size, edges);
    }

    private static (int A, int B) ParseEdge(string text, Func<string> where)
    {
        string[] ends = text.Split('-');
        if (ends.Length == 2 && TryParseNumber(ends[0], out int a) && TryParseNumber(ends[1], out int b))
            return (a, b);
        throw new FormatException(
            $"Edge '{text.Trim()}' ({where()}) is not two ranks. Write A-B, such as 0-1, with commas between edges or one a line.");
    }

    private static bool TryParseNumber(string text, out int number) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
