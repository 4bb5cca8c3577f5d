using System.Collections;
using System.Globalization;
using BoxerMpi.Wire;

namespace BoxerMpi.Schedules;

/// <summary>
/// Reads <see cref="CollectiveOptions"/> from the environment. A name or value that means nothing is an error, not a default.
/// </summary>
internal static class CollectiveEnvironment
{
    private const string Prefix = "BOXER_COLLECTIVE_";
    private const string RanksPerCore = "BOXER_RANKS_PER_CORE";
    private const string Model = "BOXER_MODEL";

    private static readonly Lock Gate = new();
    private static CollectiveOptions? _options;

    /// <summary>The options of this process's environment, read once.</summary>
    public static CollectiveOptions Read()
    {
        lock (Gate)
            return _options ??= Parse(Environment.GetEnvironmentVariables());
    }

    public static CollectiveOptions Parse(IDictionary variables)
    {
        CollectiveOptions options = new();
        foreach (DictionaryEntry variable in variables)
        {
            string name = (string)variable.Key;
            string value = ((string?)variable.Value ?? "").Trim();
            bool isOurs = name is RanksPerCore or Model || name.StartsWith(Prefix, StringComparison.Ordinal);
            if (!isOurs || value.Length == 0)
                continue;

            try
            {
                options = Set(options, name, value);
            }
            catch (ArgumentException exception)
            {
                throw new InvalidOperationException($"{name}={value}: {exception.Message}", exception);
            }
        }

        return options;
    }

    private static CollectiveOptions Set(CollectiveOptions options, string name, string value)
    {
        switch (name)
        {
            case RanksPerCore:
                return options with { RanksPerCore = Number<double>(value) };
            case Model:
                return options with { Model = value };
            case Prefix + "RULES":
                return options with { RulesFile = value };
            case Prefix + "CHECK":
                return options with { Check = Switch(value) };
            case Prefix + "DETERMINISTIC":
                return options with { Deterministic = Switch(value) };
            case Prefix + "WINDOW":
                return options with { Window = Number<int>(value) };
            case Prefix + "SEGMENT_BYTES":
                return options with { SegmentBytes = Number<int>(value) };
        }

        if (CollectiveAlgorithms.CollectiveOf(name[Prefix.Length..]) is { } collective)
            return options.With(collective, value.ToLowerInvariant());

        throw new ArgumentException(
            $"there is no such setting; there are CHECK, DETERMINISTIC, WINDOW, SEGMENT_BYTES, RULES and the collectives " +
            $"{string.Join(", ", Enum.GetNames<Collective>()).ToUpperInvariant()}.");
    }

    private static bool Switch(string value) =>
        EnvironmentSwitch.Parse(value) ?? throw new ArgumentException($"it takes {EnvironmentSwitch.Words}.");

    private static T Number<T>(string value)
        where T : IParsable<T> => T.TryParse(value, CultureInfo.InvariantCulture, out T? number)
        ? number
        : throw new ArgumentException("it is not a number.");
}
