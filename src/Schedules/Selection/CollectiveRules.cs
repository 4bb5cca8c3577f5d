namespace BoxerMpi.Schedules;

/// <summary>A user's rule: which algorithm serves calls within these bounds, both ends included.</summary>
internal sealed record CollectiveRule(Collective Collective, string Algorithm)
{
    public int LeastRanks { get; init; } = 1;

    public int MostRanks { get; init; } = int.MaxValue;

    public long LeastBytes { get; init; }

    public long MostBytes { get; init; } = long.MaxValue;

    /// <summary>The kind of topology; null for any.</summary>
    public TopologyKind? Topology { get; init; }

    /// <summary>Where the rule stands in its file.</summary>
    public int Number { get; init; }

    public bool Covers(Collective collective, int ranks, long bytes, TopologyKind topology) =>
        collective == Collective && ranks >= LeastRanks && ranks <= MostRanks && bytes >= LeastBytes && bytes <= MostBytes
        && (Topology is null || Topology == topology);
}

/// <summary>A user's rules, of which the first that covers a call and can serve it wins over the model.</summary>
/// <remarks>
/// <c>{ "rules": [ { "collective": "AllToAll", "algorithm": "bruck", "minRanks": 8, "maxRanks": 64, "minBytes": 0, "maxBytes": 1024,
/// "topology": "mesh" } ] }</c>, where all but the first two may be left out. Names that mean nothing are errors, with their line.
/// </remarks>
internal sealed class CollectiveRules(string source, IReadOnlyList<CollectiveRule> rules)
{
    private const string Members = "collective, algorithm, minRanks, maxRanks, minBytes, maxBytes, topology";

    /// <summary>The file that the rules come from.</summary>
    public string Source { get; } = source;

    public IReadOnlyList<CollectiveRule> Rules { get; } = rules;

    /// <exception cref="ArgumentException">The file cannot be read, or is wrong; the message has the line.</exception>
    public static CollectiveRules Load(string file)
    {
        string json;
        try
        {
            json = File.ReadAllText(file);
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ArgumentException($"the rules cannot be read: {exception.Message}", exception);
        }

        return Parse(json, file);
    }

    /// <exception cref="ArgumentException">The text is wrong; the message begins with the line.</exception>
    public static CollectiveRules Parse(string json, string source)
    {
        StrictJson reader = new(json);
        List<CollectiveRule> rules = [];
        reader.ReadObject(name =>
        {
            if (name != "rules")
                throw reader.Error($"a rules file has no '{name}'; it has rules");
            reader.ReadArray(() => rules.Add(ReadRule(reader) with { Number = rules.Count + 1 }));
        });
        reader.End();
        return new(source, rules);
    }

    private static CollectiveRule ReadRule(StrictJson reader)
    {
        Collective? collective = null;
        CollectiveRule rule = new(default, "");
        int algorithmLine = 0;
        reader.ReadObject(name =>
        {
            int line = reader.Line;
            switch (name)
            {
                case "collective":
                    string called = reader.ReadText();
                    collective = CollectiveAlgorithms.CollectiveOf(called) ?? throw StrictJson.ErrorAt(
                        line, $"there is no collective '{called}'; there are {string.Join(", ", Enum.GetNames<Collective>())}");
                    break;
                case "algorithm":
                    // Which names there are depends on the collective, which may come later.
                    algorithmLine = line;
                    rule = rule with { Algorithm = reader.ReadText() };
                    break;
                case "minRanks":
                    rule = rule with { LeastRanks = (int)Whole(reader, name, 1, int.MaxValue) };
                    break;
                case "maxRanks":
                    rule = rule with { MostRanks = (int)Whole(reader, name, 1, int.MaxValue) };
                    break;
                case "minBytes":
                    rule = rule with { LeastBytes = Whole(reader, name, 0, long.MaxValue) };
                    break;
                case "maxBytes":
                    rule = rule with { MostBytes = Whole(reader, name, 0, long.MaxValue) };
                    break;
                case "topology":
                    string kind = reader.ReadText();
                    string kinds = string.Join(", ", Enum.GetNames<TopologyKind>()).ToLowerInvariant();
                    TopologyKind known = KindOf(kind)
                        ?? throw StrictJson.ErrorAt(line, $"there is no topology '{kind}'; there are {kinds}");
                    rule = rule with { Topology = known };
                    break;
                default:
                    throw reader.Error($"a rule has no '{name}'; it has {Members}");
            }
        });
        if (collective is null || algorithmLine == 0)
            throw reader.Error($"the rule before this needs {(collective is null ? "a collective" : "an algorithm")}");
        if (CollectiveAlgorithms.Find(collective.Value, rule.Algorithm) is null)
        {
            throw StrictJson.ErrorAt(
                algorithmLine, $"{collective} has no algorithm '{rule.Algorithm}'; it has {CollectiveAlgorithms.Names(collective.Value)}");
        }

        return rule with { Collective = collective.Value };
    }

    private static TopologyKind? KindOf(string name)
    {
        foreach (TopologyKind kind in Enum.GetValues<TopologyKind>())
        {
            if (kind.ToString().Equals(name, StringComparison.OrdinalIgnoreCase))
                return kind;
        }

        return null;
    }

    private static long Whole(StrictJson reader, string name, long least, long most)
    {
        ArgumentException wrong = reader.Error($"{name} is a whole number of at least {least}");
        double value = reader.ReadNumber();
        return value >= least && value < 9.2e18 && value <= most && value == Math.Truncate(value) ? (long)value : throw wrong;
    }
}
