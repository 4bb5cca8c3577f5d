namespace BoxerMpi.Tests;

public class ParseTests
{
    [Theory]
    [InlineData("mesh", 6, TopologyKind.Mesh, "mesh")]
    [InlineData(" MESH ", 6, TopologyKind.Mesh, "mesh")]
    [InlineData("grid", 6, TopologyKind.Grid, "grid:2x3")]
    [InlineData("grid:3x2", 6, TopologyKind.Grid, "grid:3x2")]
    [InlineData("Grid: 3 X 2 ", 6, TopologyKind.Grid, "grid:3x2")]
    [InlineData("grid:1x6", 6, TopologyKind.Grid, "grid:1x6")]
    [InlineData("tree", 6, TopologyKind.Tree, "tree:2")]
    [InlineData("tree:3", 6, TopologyKind.Tree, "tree:3")]
    [InlineData("tree:2147483647", 6, TopologyKind.Tree, "tree:2147483647")]
    [InlineData("ring", 6, TopologyKind.Ring, "ring")]
    [InlineData("star", 6, TopologyKind.Star, "star")]
    [InlineData("hypercube", 6, TopologyKind.Hypercube, "hypercube")]
    [InlineData("edges:2-1,0-1", 3, TopologyKind.EdgeList, "edges:0-1,1-2")]
    [InlineData("edges: 0 - 1 , 1-2", 3, TopologyKind.EdgeList, "edges:0-1,1-2")]
    [InlineData("edges:0-1,1-0,0-1", 2, TopologyKind.EdgeList, "edges:0-1")]
    [InlineData("edges:", 1, TopologyKind.EdgeList, "edges:")]
    public void Text_becomes_a_topology(string text, int size, TopologyKind kind, string spec)
    {
        Topology topology = Topology.Parse(text, size);
        Assert.Equal((kind, size, spec), (topology.Kind, topology.Size, topology.Spec));
    }

    [Theory]
    [InlineData("", "The topology is empty.")]
    [InlineData("   ", "The topology is empty.")]
    [InlineData(":4", "The topology is empty.")]
    [InlineData("torus", "There is no topology 'torus'.")]
    [InlineData("torus:3", "There is no topology 'torus'.")]
    [InlineData("grid4x4", "There is no topology 'grid4x4'.")]
    [InlineData("mesh:4", "'mesh' takes nothing after it, but ':4' is given.")]
    [InlineData("ring:", "'ring' takes nothing after it, but ':' is given.")]
    [InlineData("star:0", "'star' takes nothing after it")]
    [InlineData("hypercube:3", "'hypercube' takes nothing after it")]
    [InlineData("edges", "'edges' lists no edges.")]
    public void Text_that_is_no_topology_says_what_is_possible(string text, string wrong)
    {
        FormatException error = Assert.Throws<FormatException>(() => Topology.Parse(text, 4));
        Assert.StartsWith(wrong, error.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            "Possible are mesh, grid, grid:RxC, tree, tree:K, ring, star, hypercube, edges:A-B,C-D,... and edges:@FILE.",
            error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("grid:", "'' is not a grid's rows and columns.")]
    [InlineData("grid:4", "'4' is not a grid's rows and columns.")]
    [InlineData("grid:2x", "'2x' is not a grid's rows and columns.")]
    [InlineData("grid:x2", "'x2' is not a grid's rows and columns.")]
    [InlineData("grid:2x2x1", "'2x2x1' is not a grid's rows and columns.")]
    [InlineData("grid:-2x2", "'-2x2' is not a grid's rows and columns.")]
    [InlineData("grid:axb", "Write grid:RxC, such as grid:4x8, or grid alone.")]
    [InlineData("grid:99999999999x1", "'99999999999x1' is not")]
    [InlineData("tree:", "'' is not a number of children.")]
    [InlineData("tree:two", "'two' is not a number of children. Write tree:K, such as tree:2, or tree alone.")]
    [InlineData("tree:-1", "'-1' is not a number of children.")]
    [InlineData("tree:2.5", "'2.5' is not a number of children.")]
    [InlineData("tree:2147483648", "'2147483648' is not a number of children.")]
    [InlineData("edges:0", "Edge '0' (number 1) is not two ranks. Write A-B, such as 0-1")]
    [InlineData("edges:0-1,1-x", "Edge '1-x' (number 2) is not two ranks.")]
    [InlineData("edges:0-1,", "Edge '' (number 2) is not two ranks.")]
    [InlineData("edges:0-1-2", "Edge '0-1-2' (number 1) is not two ranks.")]
    [InlineData("edges:0--1", "Edge '0--1' (number 1) is not two ranks.")]
    public void Text_with_a_wrong_part_names_it(string text, string wrong)
    {
        FormatException error = Assert.Throws<FormatException>(() => Topology.Parse(text, 4));
        Assert.Contains(wrong, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("grid:0x4", "rows", "at least one row and one column")]
    [InlineData("grid:4x0", "columns", "at least one row and one column")]
    [InlineData("tree:0", "arity", "A tree has at least 1 child a rank, not 0; try tree:2")]
    [InlineData("edges:0-1,1-2,2-4", "edges", "Edge 2-4: ranks go from 0 to 3.")]
    [InlineData("edges:7-1", "edges", "Edge 7-1: ranks go from 0 to 3.")]
    public void Numbers_out_of_range_are_refused(string text, string parameter, string wrong)
    {
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(parameter, () => Topology.Parse(text, 4));
        Assert.Contains(wrong, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("grid:2x1", "holds at most 2 ranks, the job has 4 ranks")]
    [InlineData("grid:3x2", "1 of its 3 rows empty")]
    [InlineData("edges:0-1,2-2", "Edge 2-2 joins rank 2 to itself")]
    [InlineData("edges:0-1,2-3", "leave 2 parts without a link between them: rank 2 cannot reach rank 0")]
    [InlineData("edges:", "leave 4 parts without a link between them: rank 1 cannot reach rank 0")]
    public void Numbers_that_do_not_make_a_topology_are_refused(string text, string wrong)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Topology.Parse(text, 4));
        Assert.Contains(wrong, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_at_all_is_refused()
    {
        Assert.Throws<ArgumentNullException>("spec", () => Topology.Parse(null!, 4));
        Assert.Throws<ArgumentNullException>("edges", () => Topology.FromEdges(4, null!));
        Assert.Throws<ArgumentOutOfRangeException>("edges", () => Topology.FromEdges(4, [(0, -1)]));
    }

    [Fact]
    public void Edges_are_read_from_a_file_and_spelled_out()
    {
        using TemporaryFile file = new("# a chain\n0-1\n\n  2 - 1   # and its end\n2-3\r\n");
        Topology topology = Topology.Parse($"edges:@{file.Path}", 4);
        Assert.Equal("edges:0-1,1-2,2-3", topology.Spec);
        TopologyAssert.SameLinks(topology, Topology.Parse(topology.Spec, 4));
    }

    [Fact]
    public void A_wrong_line_of_a_file_is_named()
    {
        using TemporaryFile file = new("0-1\n\n1;2\n");
        FormatException error = Assert.Throws<FormatException>(() => Topology.Parse($"edges:@{file.Path}", 4));
        Assert.Contains($"Edge '1;2' (in line 3 of '{file.Path}') is not two ranks.", error.Message, StringComparison.Ordinal);

        using TemporaryFile outOfRange = new("0-1\n1-9\n");
        Assert.Throws<ArgumentOutOfRangeException>("edges", () => Topology.Parse($"edges:@{outOfRange.Path}", 4));
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_named()
    {
        using TemporaryFile file = new("");
        foreach (string path in (string[])[$"{file.Path}.absent", Path.GetDirectoryName(file.Path)!, ""])
        {
            FormatException error = Assert.Throws<FormatException>(() => Topology.Parse($"edges:@{path}", 4));
            Assert.StartsWith($"The file '{path}' of edges cannot be read: ", error.Message, StringComparison.Ordinal);
            Assert.EndsWith("Write edges:@FILE, one edge A-B a line.", error.Message, StringComparison.Ordinal);
            Assert.NotNull(error.InnerException);
        }
    }

    private sealed class TemporaryFile : IDisposable
    {
        private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("topology-");

        public TemporaryFile(string content)
        {
            Path = System.IO.Path.Combine(_directory.FullName, "edges.txt");
            File.WriteAllText(Path, content);
        }

        public string Path { get; }

        public void Dispose() => _directory.Delete(recursive: true);
    }
}
