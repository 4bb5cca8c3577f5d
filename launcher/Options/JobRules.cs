using System.CommandLine;
using System.Security.Cryptography;
using BoxerMpi.Coordinator;
using BoxerMpi.Launching;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Launcher.Options;

/// <summary>The options that say how a job's ranks find each other: the same wherever a coordinator is started.</summary>
internal sealed class JobRules
{
    private readonly Option<string> _topology = new("--topology")
    {
        HelpName = "T",
        Description =
            "Links to set up: mesh, grid[:RxC], tree[:K], ring, star, hypercube, edges:A-B,…  [default: mesh up to 32 ranks, else grid]",
    };

    private readonly Option<string> _offTopology = new("--off-topology")
    {
        HelpName = "POLICY",
        Description = "Messages between ranks without a link: connect, relay or refuse  [default: connect]",
    };

    private readonly Option<string> _gateTimeout = new("--gate-timeout")
    {
        HelpName = "S",
        Description = "How long the first rank to join waits for the last one  [default: 300]",
    };

    private readonly Option<string> _silence = new("--silence-timeout")
    {
        HelpName = "S",
        Description = "A rank that the coordinator has not heard for S seconds counts as lost  [default: 20]",
    };

    private readonly Option<bool> _relay =
        new("--relay") { Description = "Lets ranks whose NATs allow no direct link talk through the coordinator" };
    private readonly Option<string> _relayPairs =
        new("--relay-pairs") { HelpName = "N", Description = "How many pairs may do so at a time; implies --relay  [default: 1024]" };
    private readonly Option<bool> _onePerAddress =
        new("--one-per-address") { Description = "Rejects a second rank from the same external address" };

    private static readonly TimeSpan ShortestSilence = TimeSpan.FromSeconds(1);

    public JobRules(Command command)
    {
        foreach (Option option in (Option[])[_topology, _offTopology, _gateTimeout, _silence, _relay, _relayPairs, _onePerAddress])
            command.Add(option);
    }

    /// <returns>How its coordinator is; where it listens is not said.</returns>
    public SeedOptions ReadSeed(ParseResult parsed)
    {
        SeedOptions usual = new();
        if (OptionValues.Seconds("--silence-timeout", parsed.GetValue(_silence)) is not { } silence)
            return usual;
        if (silence < ShortestSilence)
            throw new UsageException("--silence-timeout is at least 1 s", "a busy machine is silent for shorter times in good health");
        return usual with
        {
            HeartbeatTimeout = silence,
            HeartbeatInterval = silence / 4 < usual.HeartbeatInterval ? silence / 4 : usual.HeartbeatInterval,
        };
    }

    /// <returns>What a job of this size is.</returns>
    public JobSpec Read(ParseResult parsed, string jobId, byte[] token, int size)
    {
        int? pairs = OptionValues.Count("--relay-pairs", parsed.GetValue(_relayPairs));
        JobSpec spec = new()
        {
            JobId = jobId,
            Token = token,
            Size = size,
            Topology = OptionValues.Links(parsed.GetValue(_topology), size).Spec,
            OffTopology = OptionValues.OffTopology(parsed.GetValue(_offTopology)),
            GateTimeout = OptionValues.Seconds("--gate-timeout", parsed.GetValue(_gateTimeout)) ?? TimeSpan.FromMinutes(5),
            Relay = parsed.GetValue(_relay) || pairs is not null,
            OnePerAddress = parsed.GetValue(_onePerAddress),
        };
        return pairs is null ? spec : spec with { RelayPairs = pairs.Value };
    }
}
