using System.Reflection;
using System.Text;
using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives.Tests;

/// <summary>
/// Which forms every collective has: what is not there has a reason. docs/collectives.md shows them, and every algorithm.
/// </summary>
public sealed class FormsTests
{
    private enum Form
    {
        Buffers,
        InPlace,
        Value,
        Object,
    }

    private static readonly MethodInfo[] Methods = typeof(CollectiveExtensions).GetMethods(BindingFlags.Public | BindingFlags.Static);

    [Fact]
    public void Every_form_that_is_missing_has_a_reason()
    {
        List<string> wrong = [];
        foreach (Collective collective in Enum.GetValues<Collective>())
        {
            foreach (Form form in Enum.GetValues<Form>())
            {
                string forms = FormsOf(collective, form);
                string expected = Reason(collective, form) is not null ? "" : form is Form.Buffers or Form.InPlace ? "b a p" : "b a";
                if (forms != expected)
                    wrong.Add($"{collective}, {form}: has '{forms}', expected '{expected}'");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_documentation_shows_the_forms_that_there_are()
    {
        StringBuilder table = new("| | buffers | in place | one value a rank | objects |\n| --- | --- | --- | --- | --- |\n");
        foreach (Collective collective in Enum.GetValues<Collective>())
        {
            IEnumerable<string> cells = Enum.GetValues<Form>().Select(form => Reason(collective, form) ?? FormsOf(collective, form));
            table.Append($"| `{collective}` | {string.Join(" | ", cells)} |\n");
        }

        string page = Page();
        Assert.True(page.Contains(table.ToString(), StringComparison.Ordinal), $"docs/collectives.md needs this table:\n{table}");
    }

    [Fact]
    public void The_documentation_names_every_algorithm_of_every_collective()
    {
        // A cell of the first column holds for the rows below it, too.
        HashSet<(string Collective, string Algorithm)> told = [];
        string collectives = "";
        foreach (string[] cells in Page().Split('\n').Where(line => line.StartsWith('|')).Select(line => line.Split('|')))
        {
            collectives = cells[1].Trim().Length > 0 ? cells[1].Trim() : collectives;
            foreach (string name in cells[2].Split(',', StringSplitOptions.TrimEntries))
                told.Add((collectives, name.Trim('`')));
        }

        foreach (Collective collective in Enum.GetValues<Collective>())
        {
            string row = collective.IsAmongNeighbours() ? "Neighbour…" : RowOf(collective);
            foreach (CollectiveAlgorithm algorithm in CollectiveAlgorithms.Of(collective))
                Assert.Contains((row, algorithm.Name), told);
        }

        static string RowOf(Collective collective) => collective switch
        {
            Collective.Gather or Collective.GatherV or Collective.Scatter or Collective.ScatterV => "Gather(V), Scatter(V)",
            Collective.AllGather or Collective.AllGatherV => "AllGather(V)",
            Collective.AllToAll or Collective.AllToAllV => "AllToAll(V)",
            Collective.ReduceScatter or Collective.ReduceScatterBlock => "ReduceScatter(Block)",
            Collective.Scan or Collective.ExclusiveScan => "Scan, ExclusiveScan",
            _ => collective.ToString(),
        };
    }

    private static string Page() => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "collectives.md"));

    /// <summary>Why there is no such form, as the documentation says it; null when there should be one.</summary>
    private static string? Reason(Collective collective, Form form) => (collective, form) switch
    {
        (Collective.Barrier, not Form.Buffers) => "no data",
        (Collective.Broadcast, Form.InPlace) => "always",
        (_, Form.InPlace) when collective.IsAmongNeighbours() => "not in MPI",
        (_, Form.Value or Form.Object) when Plain(collective) is { } plain => $"as `{plain}`",
        (Collective.AllToAll or Collective.NeighbourAllToAll, Form.Value) => "blocks of 1",
        _ => null,
    };

    /// <summary>The collective without counts: with one value a rank, or with objects of any length, the two are the same.</summary>
    private static Collective? Plain(Collective collective) => collective switch
    {
        Collective.GatherV => Collective.Gather,
        Collective.ScatterV => Collective.Scatter,
        Collective.AllGatherV => Collective.AllGather,
        Collective.AllToAllV => Collective.AllToAll,
        Collective.ReduceScatter => Collective.ReduceScatterBlock,
        Collective.NeighbourAllGatherV => Collective.NeighbourAllGather,
        Collective.NeighbourAllToAllV => Collective.NeighbourAllToAll,
        _ => null,
    };

    /// <summary>Letters of the ways to call it: blocking, asynchronous, persistent.</summary>
    private static string FormsOf(Collective collective, Form form)
    {
        if (form is Form.Value or Form.Object && Plain(collective) is not null)
            return "";
        bool takesValues = collective is Collective.Scatter or Collective.ReduceScatterBlock;
        bool hasNameOfItsOwn = form == Form.Object || (form == Form.Value && takesValues);
        string suffix = hasNameOfItsOwn ? $"{form}" : "";
        string name = (suffix.Length > 0 ? $"{collective}".Replace("Block", "", StringComparison.Ordinal) : $"{collective}") + suffix;
        (string Letter, string Name)[] ways = [("b", name), ("a", name + "Async"), ("p", "Prepare" + name)];
        return string.Join(' ', ways
            .Where(way => Array.Exists(Methods, method => method.Name == way.Name && (suffix.Length > 0 || IsOf(method, collective, form))))
            .Select(way => way.Letter));
    }

    private static bool IsOf(MethodInfo method, Collective collective, Form form)
    {
        // The vectors among the parameters tell the forms apart: lent to read, lent to write, or none.
        Type[] types = [.. method.GetParameters().Select(parameter => parameter.ParameterType)];
        int read = types.Count(type => Is(type, typeof(ReadOnlySpan<>)) || Is(type, typeof(ReadOnlyMemory<>)));
        int written = types.Count(type => Is(type, typeof(Span<>)) || Is(type, typeof(Memory<>)));
        return form switch
        {
            Form.Buffers => collective switch
            {
                Collective.Barrier => read + written == 0,
                Collective.Broadcast => written == 1,
                _ => (read, written) == (1, 1),
            },
            Form.InPlace => (read, written) == (0, 1) && collective != Collective.Broadcast,
            _ => read + written == 0 && types.Length > 1 && types[1].IsGenericParameter,
        };

        static bool Is(Type type, Type definition) => type.IsGenericType && type.GetGenericTypeDefinition() == definition;
    }
}
