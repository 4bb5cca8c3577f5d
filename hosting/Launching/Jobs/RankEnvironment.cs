using System.Globalization;
using System.Security.Cryptography;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

/// <summary>The environment that ranks start with: the launcher's own, the job's coordinates, and settings that make .NET start fast and run optimised code soon.</summary>
internal sealed class RankEnvironment
{
    // 64 ranks on few cores: no profile counters in start-up code, no second mapping of every JIT-ed page
    // (15-20 % of the start), one heap. With one core to itself a process would run unoptimised code for ten times as long
    // as others, a second and more: 64 messages took 65 µs in place of 28. Whoever sets them otherwise keeps that.
    public static readonly IReadOnlyList<(string Name, string Value)> Defaults =
    [
        ("DOTNET_TieredPGO", "0"),
        ("DOTNET_EnableWriteXorExecute", "0"),
        ("DOTNET_gcServer", "0"),
        ("DOTNET_TC_DelaySingleProcMultiplier", "1"),
    ];

    // What .NET waits for new code to run before it compiles the code again that runs often.
    private const double RecompilationDelayMilliseconds = 100;
    private const double LongestRecompilationDelayMilliseconds = 5_000;

    private const string DeadlineVariable = "BOXER_DEADLINE_MS";

    private readonly Dictionary<string, string> _common;

    /// <param name="seed">The coordinator's address.</param>
    /// <param name="job">The job's id.</param>
    /// <param name="token">The job's token in hex; it reaches ranks by their environment only, never by a command line.</param>
    /// <param name="size">Number of ranks, when known here.</param>
    /// <param name="extra">Variables of <c>-x</c>.</param>
    /// <param name="isWhole">Whether all ranks of the job are on this machine.</param>
    public RankEnvironment(string seed, string job, string token, int? size, IEnumerable<KeyValuePair<string, string>> extra, bool isWhole = true)
    {
        _common = OwnProcess.Variables();
        foreach ((string name, string value) in Defaults)
            _common.TryAdd(name, value);

        // What an outer job set for this launcher is not for its ranks.
        foreach (string inherited in (string[])["BOXER_RANK", "BOXER_SIZE"])
            _common.Remove(inherited);
        foreach ((string name, string value) in extra)
            _common[name] = value;

        _common[Watchdog.MarkVariable] = Mark;
        _common["BOXER_SEED"] = seed;
        _common["BOXER_JOB"] = job;
        _common["BOXER_TOKEN"] = token;
        if (size is not { } known)
            return;
        _common["BOXER_SIZE"] = known.ToString(CultureInfo.InvariantCulture);

        // The collectives choose few messages over few rounds when cores are shared. Elsewhere there may be more cores or
        // fewer, and ranks that choose differently wait for each other for ever.
        if (!isWhole)
            return;
        double perCore = known / AvailableCores.Count;
        _common.TryAdd("BOXER_RANKS_PER_CORE", perCore.ToString(CultureInfo.InvariantCulture));

        // Ranks that share a core start as much slower as there are of them. With the usual delay they would compile in the middle of it
        // what most of them never need: the start of 64 ranks on two cores took a quarter longer, the wire-up of 32 behind NATs too.
        if (perCore > 1)
        {
            double delay = Math.Min(RecompilationDelayMilliseconds * perCore, LongestRecompilationDelayMilliseconds);
            _common.TryAdd("DOTNET_TC_CallCountingDelayMs", ((int)delay).ToString("x", CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Tells ranks when the job will be ended; where they know of an earlier end, that stays.</summary>
    public void EndAt(DateTimeOffset end)
    {
        long milliseconds = end.ToUnixTimeMilliseconds();
        bool isKnown = _common.TryGetValue(DeadlineVariable, out string? known);
        if (!isKnown || (long.TryParse(known, NumberStyles.None, CultureInfo.InvariantCulture, out long earlier) && earlier > milliseconds))
            _common[DeadlineVariable] = milliseconds.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Value of <see cref="Watchdog.MarkVariable"/>: this launcher's alone, as several may run ranks of one job on a machine.</summary>
    public string Mark { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));

    /// <summary>The environment of one rank; null lets the coordinator choose the rank.</summary>
    public IReadOnlyDictionary<string, string> Of(int? rank) => rank is { } requested
        ? new Dictionary<string, string>(_common) { ["BOXER_RANK"] = requested.ToString(CultureInfo.InvariantCulture) }
        : _common;
}
