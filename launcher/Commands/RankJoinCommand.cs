using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Output;
using BoxerMpi.Launching.Programs;
using BoxerMpi.Processes;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Launcher.Commands;

/// <summary><c>boxer rank</c>: one rank of a job whose coordinator runs elsewhere.</summary>
internal sealed class RankJoinCommand : ProgramCommand
{
    private readonly JobAddress _address;
    private readonly Option<string> _rank =
        new("--rank") { HelpName = "R", Description = "The rank to ask for  [default: BOXER_RANK, else the next free one]" };
    private readonly Option<string[]> _variables = new("-x")
    {
        HelpName = "NAME=VALUE",
        Description = "Sets a variable in the program's environment; repeat for more",
        Arity = new ArgumentArity(1, 100_000),
    };

    private readonly Option<bool> _nativeAot = new("--aot") { Description = "Builds a project as Native AOT" };
    private readonly Option<string> _configuration =
        new("--configuration", "-c") { HelpName = "NAME", Description = "Build configuration  [default: Release]" };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Shows the build" };

    public RankJoinCommand()
        : base("rank", "Joins a job as one rank, from anywhere that reaches its coordinator")
    {
        _address = new JobAddress(this);
        foreach (Option option in (Option[])[_rank, _variables, _nativeAot, _configuration, _verbose])
            Add(option);
        SetAction(ExecuteAsync);
    }

    private async Task<int> ExecuteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        JoinOptions join = _address.Read(parsed);
        int? rank = Rank(parsed.GetValue(_rank) ?? Environment.GetEnvironmentVariable("BOXER_RANK"));
        string program = RequireProgram();
        KeyValuePair<string, string>[] variables = [.. (parsed.GetValue(_variables) ?? []).Select(OptionValues.Variable)];
        RankCommand command = ProgramLocator.Locate(
            program, parsed.GetValue(_nativeAot), parsed.GetValue(_configuration) ?? "Release", parsed.GetValue(_verbose));

        // The program would find out as well, but only boxer can say it in its own words before anything runs.
        int size = await JobAddress.ProbeAsync(join, cancellationToken);
        if (rank >= size)
            throw new UsageException($"--rank {rank}: there is no such rank in job {join.JobId}", $"its ranks are 0 to {size - 1}");

        RankEnvironment environment = new(
            ControlHandshake.Name(join.Seed), join.JobId, Convert.ToHexStringLower(join.Token), size, variables, isWhole: false);
        JobPlan plan = new(
            Size: 1,
            _ => new SpawnRequest(command.File, [.. command.Arguments, .. Program[1..]]) { Environment = environment.Of(rank) },
            Timeout: null,
            Grace: TimeSpan.FromSeconds(2),
            SampleMemory: false)
        {
            Mark = environment.Mark,
            Input = new StandardInput(All: false, Rank: 0),
        };

        // One program, alone on this terminal: its lines need no tag, and its end is judged where the coordinator runs.
        JobOutcome outcome = SupervisedRun.Run(
            plan,
            new DistantSeat(),
            Stopwatch.StartNew(),
            new OutputOptions(new LineStyle(Tag: false, Timestamp: false), new OutputFiles(null, 1)),
            ThisMachine.Host,
            lastWords: static _ => [],
            cancellationToken);
        return outcome.ExitCode;
    }

    private static int? Rank(string? text) => text switch
    {
        null or "" => null,
        _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int rank) => rank,
        _ => throw new UsageException(
            $"--rank '{text}' is not a rank", "give a number from 0 to the job's size less 1, or leave it out for the next free one"),
    };
}
