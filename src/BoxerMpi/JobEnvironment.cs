using System.Globalization;
using BoxerMpi.Control;
using BoxerMpi.Rendezvous;

namespace BoxerMpi;

/// <summary>What the launcher tells a rank through its environment.</summary>
internal static class JobEnvironment
{
    /// <summary>How to join, or null when this process was not started as a rank.</summary>
    /// <exception cref="ArgumentException">A variable is missing or malformed.</exception>
    public static JoinOptions? Read()
    {
        if (Environment.GetEnvironmentVariable("BOXER_SEED") is not { Length: > 0 } seed)
            return null;
        return new JoinOptions
        {
            Seed = Parse("BOXER_SEED", seed, "HOST:PORT", Addresses.Parse),
            JobId = Required("BOXER_JOB"),
            Token = Parse("BOXER_TOKEN", Required("BOXER_TOKEN"), "hexadecimal digits", Convert.FromHexString),
            RequestedRank = Environment.GetEnvironmentVariable("BOXER_RANK") is { Length: > 0 } rank
                ? Parse("BOXER_RANK", rank, "a rank", text => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture))
                : null,
            Deadline = Deadline(),
        };
    }

    /// <summary>When this process has to have stopped, or null: BOXER_DEADLINE_MS.</summary>
    /// <exception cref="ArgumentException">It is malformed.</exception>
    public static DateTimeOffset? Deadline() => Environment.GetEnvironmentVariable("BOXER_DEADLINE_MS") is { Length: > 0 } text
        ? Parse("BOXER_DEADLINE_MS", text, "milliseconds of Unix time", number => DateTimeOffset.FromUnixTimeMilliseconds(
            long.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture)))
        : null;

    private static string Required(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
        ? value
        : throw new ArgumentException($"BOXER_SEED is set but {name} is not: start ranks with boxer run or boxer rank.");

    private static T Parse<T>(string name, string text, string expected, Func<string, T> parse)
    {
        try
        {
            return parse(text);
        }
        catch (Exception exception) when (exception is FormatException or OverflowException or ArgumentException)
        {
            // The token's text stays out of messages.
            string shown = name == "BOXER_TOKEN" ? "" : $" is \"{text}\";";
            throw new ArgumentException($"{name}{shown} it takes {expected}.", exception);
        }
    }
}
