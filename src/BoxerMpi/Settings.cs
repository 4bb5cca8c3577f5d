using System.Globalization;
using BoxerMpi.Internal;
using BoxerMpi.Wire;

namespace BoxerMpi;

/// <summary>What a job's ranks are set to: the environment of this process first, then what the job says, then the default.</summary>
internal sealed class Settings(IReadOnlyDictionary<string, string> job, Func<string, string?> environment)
{
    public static Settings OfEnvironment { get; } = new(new Dictionary<string, string>(), Environment.GetEnvironmentVariable);

    /// <summary>How long one operation may wait, or null for the default. BOXER_TIMEOUT in seconds.</summary>
    public TimeSpan? Timeout
    {
        get
        {
            if (Find("BOXER_TIMEOUT") is not { } text)
                return null;
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds > 0
                ? TimeSpan.FromSeconds(seconds)
                : throw Wrong("BOXER_TIMEOUT", text, "a positive number of seconds");
        }
    }

    /// <summary>Whether three or more ranks share a core, as far as is known. BOXER_RANKS_PER_CORE, which the launcher sets.</summary>
    public bool CoresAreCrowded =>
        double.TryParse(Find("BOXER_RANKS_PER_CORE"), NumberStyles.Float, CultureInfo.InvariantCulture, out double ranks) && ranks >= 3;

    /// <summary>How messages are exchanged.</summary>
    public MessengerOptions Messages(bool relay) => new()
    {
        EagerLimitBytes = Find("BOXER_EAGER_BYTES") is not { } text
            ? MessengerOptions.Default.EagerLimitBytes
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int bytes)
                ? bytes
                : throw Wrong("BOXER_EAGER_BYTES", text, "a number of bytes"),
        Strict = IsOn("BOXER_STRICT"),
        Checksums = IsOn("BOXER_CHECKSUM"),
        Relay = relay,
    };

    private bool IsOn(string name)
    {
        string text = Find(name) ?? "";
        return !string.IsNullOrWhiteSpace(text) &&
            (EnvironmentSwitch.Parse(text) ?? throw Wrong(name, text, EnvironmentSwitch.Words));
    }

    private string? Find(string name) => environment(name) ?? job.GetValueOrDefault(name);

    private static ArgumentException Wrong(string name, string value, string expected) =>
        new($"{name} is \"{value}\"; it takes {expected}.");
}
