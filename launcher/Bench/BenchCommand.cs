using System.CommandLine;
using System.Security.Cryptography;
using BoxerMpi.Coordinator;
using BoxerMpi.Launcher.Commands;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Jobs;

namespace BoxerMpi.Launcher.Bench;

/// <summary><c>boxer bench</c>: measures operations among N ranks on this machine. docs/benchmarks.md tells how.</summary>
internal sealed class BenchCommand : Command
{
    private readonly BenchArguments _arguments;
    private readonly Option<string> _size = new("-n", "--ranks") { HelpName = "N", Description = "Number of ranks" };
    private readonly Option<string> _timeout =
        new("--timeout") { HelpName = "S", Description = "Ends the job after S seconds; exit code 124" };

    private readonly JobRules _rules;
    private readonly PlaceArguments _place;

    public BenchCommand()
        : base("bench", "Measures point-to-point and collective operations")
    {
        _arguments = new BenchArguments(this);
        Add(_size);
        _rules = new JobRules(this);
        Add(_timeout);
        _place = new PlaceArguments(this);
        SetAction(ExecuteAsync);
    }

    private Task<int> ExecuteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        BenchOptions options = _arguments.Read(parsed);
        int size = OptionValues.Ranks(parsed.GetValue(_size));
        options.Validate(size);
        RunOptions job = JobOf(
            options,
            _rules.Read(parsed, NewJob.Id(), RandomNumberGenerator.GetBytes(32), size),
            OptionValues.Seconds("--timeout", parsed.GetValue(_timeout)));
        return JobRun.ExecuteAsync(job, _place.Read(parsed, size), cancellationToken);
    }

    /// <summary>The job that measures.</summary>
    public static RunOptions JobOf(BenchOptions options, JobSpec job, TimeSpan? timeout) => new()
    {
        Job = job,
        Program = ThisProgram.Path,
        Arguments = [BenchRankCommand.Verb, .. BenchArguments.Write(options)],
        Timeout = timeout,
        Grace = TimeSpan.FromSeconds(2),
        Input = StandardInput.None,
        Tag = false,
    };
}
