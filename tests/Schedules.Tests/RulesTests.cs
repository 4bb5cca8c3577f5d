using System.Collections;

namespace BoxerMpi.Schedules.Tests;

/// <summary>The rules file: what it may say, what wins, and what mistakes in it are called.</summary>
public sealed class RulesTests
{
    private const string Rules = """
        {
          "rules": [
            // The first that covers a call and can serve it wins.
            { "collective": "ALL_TO_ALL", "algorithm": "pairwise", "minRanks": 4, "maxRanks": 8, "maxBytes": 1024, "topology": "mesh" },
            { "collective": "AllToAll", "algorithm": "bruck", "minBytes": 100 },
            { "collective": "AllReduce", "algorithm": "ring" },
          ]
        }
        """;

    [Theory]
    [InlineData("mesh", 8, 64, "pairwise")]
    [InlineData("mesh", 8, 1024, "pairwise")]
    [InlineData("mesh", 8, 1025, "bruck")]
    [InlineData("mesh", 9, 200, "bruck")]
    public void The_first_rule_that_covers_a_call_wins(string topology, int size, long bytes, string expected)
    {
        CollectiveSelector selector = new(Topology.Parse(topology, size), WithRules(Rules));
        PlanKey call = new(Collective.AllToAll, bytes, 1);
        Assert.Equal(expected, selector.Select(call).Name);
        Assert.Contains("rule ", selector.Explain(call).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_that_can_not_serve_is_passed_over()
    {
        CollectiveSelector selector = new(Topology.Grid(12), WithRules(Rules));
        PlanKey call = new(Collective.AllToAll, 4096, 1);
        CollectiveExplanation explanation = selector.Explain(call);
        Assert.NotEqual("bruck", explanation.Chosen);
        Assert.DoesNotContain("rule", explanation.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_program_asks_for_wins_over_rules()
    {
        CollectiveSelector selector = new(Topology.Mesh(8), WithRules(Rules).With(Collective.AllToAll, "linear"));
        Assert.Equal("linear", selector.Select(new(Collective.AllToAll, 8, 1)).Name);
    }

    [Theory]
    [InlineData("{\n\"rules\": [\n{ \"collective\": \"AllToSome\", \"algorithm\": \"x\" } ] }", "line 3: there is no collective 'AllToSome'; there are Barrier")]
    [InlineData("{\n\"rules\": [\n{ \"collective\": \"AllToAll\",\n \"algorithm\": \"fast\" } ] }", "line 4: AllToAll has no algorithm 'fast'; it has linear")]
    [InlineData("{ \"rules\": [ { \"collective\": \"AllToAll\",\n\n \"ranks\": 3 } ] }", "line 3: a rule has no 'ranks'")]
    [InlineData("{ \"rules\": [ { \"collective\": \"AllToAll\" } ] }", "line 1: the rule before this needs an algorithm")]
    [InlineData("{ \"rules\": [ { \"algorithm\": \"linear\" } ] }", "line 1: the rule before this needs a collective")]
    [InlineData("{ \"rules\": [ { \"collective\": \"Barrier\", \"algorithm\": \"flat\", \"minRanks\": 0 } ] }", "line 1: minRanks is a whole number")]
    [InlineData("{ \"rules\": [ { \"collective\": \"Barrier\", \"algorithm\": \"flat\", \"maxBytes\": 1.5 } ] }", "line 1: maxBytes is a whole number")]
    [InlineData("{ \"rules\": [ { \"collective\": \"Barrier\", \"algorithm\": \"flat\",\n \"topology\": \"torus\" } ] }", "line 2: there is no topology 'torus'; there are mesh")]
    [InlineData("{\n \"rule\": [] }", "line 2: a rules file has no 'rule'")]
    [InlineData("{\n \"rules\": [\n {,} ] }", "line 3: ")]
    [InlineData("[]", "line 1: here stands an object")]
    public void Mistakes_are_told_with_their_line(string json, string message)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => CollectiveRules.Parse(json, "rules.json"));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_names_the_file()
    {
        string file = Path.Combine(Path.GetTempPath(), $"boxer-rules-{Guid.NewGuid():N}.json");
        File.WriteAllText(file, Rules);
        try
        {
            CollectiveOptions options = CollectiveEnvironment.Parse(
                new Hashtable { ["BOXER_COLLECTIVE_RULES"] = file, ["BOXER_MODEL"] = "lambda" });
            Assert.Equal((3, "lambda"), (options.Rules!.Rules.Count, options.Link.Name));
            File.WriteAllText(file, "{ \"rules\": 5 }");
            InvalidOperationException error = Assert.Throws<InvalidOperationException>(
                () => CollectiveEnvironment.Parse(new Hashtable { ["BOXER_COLLECTIVE_RULES"] = file }));
            Assert.Contains("line 1: here stands an array", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }

        Assert.Throws<InvalidOperationException>(() => CollectiveEnvironment.Parse(new Hashtable { ["BOXER_COLLECTIVE_RULES"] = file }));
        Assert.Throws<InvalidOperationException>(() => CollectiveEnvironment.Parse(new Hashtable { ["BOXER_MODEL"] = "/no/such/model" }));
    }

    private static CollectiveOptions WithRules(string json) =>
        new CollectiveOptions { Rules = CollectiveRules.Parse(json, "rules.json") };
}
