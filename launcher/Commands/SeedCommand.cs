using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using BoxerMpi.Coordinator;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching.Jobs;

namespace BoxerMpi.Launcher.Commands;

/// <summary><c>boxer seed</c>: the coordinator alone, for ranks that are started elsewhere with <c>boxer rank</c>.</summary>
internal sealed class SeedCommand : Command
{
    private readonly Option<string[]> _listen = new("--listen")
    {
        HelpName = "HOST:PORT",
        Description = "Where ranks reach it; port 0 takes a free one. Up to 4 more, at other addresses or ports of this host, show it the ranks' NATs  [default: 127.0.0.1:0]",
        AllowMultipleArgumentsPerToken = false,
        Arity = new ArgumentArity(1, 5),
    };

    private readonly Option<string> _job = new("--job") { HelpName = "ID", Description = "Id of the job  [default: made up]" };
    private readonly Option<string> _size = new("--size", "-n") { HelpName = "N", Description = "Number of ranks" };
    private readonly Option<string> _tokenFile = new("--token-file")
    {
        HelpName = "F",
        Description = "File with the job's token in hex; it is made when it is not there  [default: BOXER_TOKEN, else made up and shown]",
    };

    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(10);

    private readonly Option<bool> _verbose = new("--verbose") { Description = "Shows who joins, leaves, is rejected or lost" };

    private readonly JobRules _rules;

    public SeedCommand()
        : base("seed", "Runs a job's coordinator; ranks join it with boxer rank")
    {
        foreach (Option option in (Option[])[_listen, _job, _size])
            Add(option);
        _rules = new JobRules(this);
        foreach (Option option in (Option[])[_tokenFile, _verbose])
            Add(option);
        SetAction((parsed, _) => ExecuteAsync(parsed));
    }

    private async Task<int> ExecuteAsync(ParseResult parsed)
    {
        int size = OptionValues.Ranks(parsed.GetValue(_size), "--size");
        IPEndPoint[] listen = parsed.GetValue(_listen) is { Length: > 0 } given
            ? [.. given.Select(OptionValues.Listen)]
            : [new IPEndPoint(IPAddress.Loopback, 0)];
        (byte[] token, bool madeUp) = Tokens.ReadOrMake(parsed.GetValue(_tokenFile));
        bool verbose = parsed.GetValue(_verbose);
        string jobId = parsed.GetValue(_job) ?? "job-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        JobSpec spec = _rules.Read(parsed, jobId, token, size);
        Topology topology = Topology.Parse(spec.Topology, size);
        DescriptorNeed.Check(size, perRank: 1);
        SeedOptions options = _rules.ReadSeed(parsed) with { Listen = listen[0], Log = verbose ? Console.Error.WriteLine : null };
        await using Seed seed = Seed.Start(listen.Length > 1 ? options with { ExtraListen = listen[1..] } : options, spec);
        SeedJob job = seed.FindJob(jobId)!;
        await using JobSeat seat = new(job, options.HeartbeatInterval);
        Console.WriteLine($"seed {seed.EndPoint}");
        foreach (IPEndPoint more in seed.EndPoints.Skip(1))
            Console.WriteLine($"also {more}");
        Console.WriteLine($"job {spec.JobId}, {size} ranks, {topology.Spec} ({topology.LinkCount} links)");
        if (madeUp)
            Console.WriteLine($"token {Convert.ToHexStringLower(token)}");
        string how = parsed.GetValue(_tokenFile) is { } file ? $"--token-file {file} " : "";
        Console.WriteLine($"join with: {(madeUp ? "BOXER_TOKEN=<token> " : "")}boxer rank --seed {Reachable(seed.EndPoint)} --job {spec.JobId} {how}PROGRAM");

        TaskCompletionSource<int> signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using SignalSource signals = new(
            happened =>
            {
                if (happened is JobEvent.EndRequested request)
                    signal.TrySetResult(request.Signal);
            },
            static _ => { });
        using SeatWatch watch = new(seat);
        Task<Failure?> end = watch.EndAsync(CancellationToken.None);
        if (await Task.WhenAny(end, signal.Task) != end)
        {
            int number = await signal.Task;
            job.Abort(128 + number, "the coordinator was told to end");
            return 128 + number;
        }

        // Why the gate did not open is said where all such errors are.
        if (job.Started.IsFaulted)
            await job.Started;
        if (await end is not { } failure)
            return 0;
        Console.Error.WriteLine($"boxer: {failure}");
        foreach (string line in RelayAdvice.Of(job))
            Console.Error.WriteLine($"boxer: {line}");

        // The ranks read the news from their connections before the coordinator closes them.
        await job.AllLeft.WaitAsync(AbortPatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return failure.ExitCode;
    }

    /// <summary>An address of this host in place of "any", so that the printed line can be used elsewhere.</summary>
    private static IPEndPoint Reachable(IPEndPoint endPoint) =>
        endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any)
            ? new IPEndPoint(HostAddress.Find(six: endPoint.Address.Equals(IPAddress.IPv6Any)), endPoint.Port)
            : endPoint;
}
