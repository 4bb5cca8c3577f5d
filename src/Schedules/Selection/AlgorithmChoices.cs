namespace BoxerMpi.Schedules;

/// <summary>The algorithms that were asked for, by collective. Never changes; equal when all choices are.</summary>
internal sealed class AlgorithmChoices : IEquatable<AlgorithmChoices>
{
    private readonly string?[] _names;

    private AlgorithmChoices(string?[] names) => _names = names;

    public static AlgorithmChoices None { get; } = new(new string?[Enum.GetValues<Collective>().Length]);

    public string? Of(Collective collective) => _names[IndexOf(collective)];

    /// <exception cref="ArgumentException">The collective has no such algorithm.</exception>
    public AlgorithmChoices With(Collective collective, string? algorithm)
    {
        string?[] names = [.. _names];
        names[IndexOf(collective)] = algorithm is null ? null
            : CollectiveAlgorithms.Find(collective, algorithm)?.Name ?? throw new ArgumentException(
                $"{collective} has no algorithm '{algorithm}'; it has {CollectiveAlgorithms.Names(collective)}.", nameof(algorithm));
        return new AlgorithmChoices(names);
    }

    public bool Equals(AlgorithmChoices? other) => other is not null && _names.AsSpan().SequenceEqual(other._names);

    public override bool Equals(object? obj) => Equals(obj as AlgorithmChoices);

    public override int GetHashCode()
    {
        HashCode hash = new();
        foreach (string? name in _names)
            hash.Add(name);
        return hash.ToHashCode();
    }

    private static int IndexOf(Collective collective) => (uint)collective < (uint)None._names.Length
        ? (int)collective
        : throw new ArgumentOutOfRangeException(nameof(collective), collective, "There is no such collective.");
}
