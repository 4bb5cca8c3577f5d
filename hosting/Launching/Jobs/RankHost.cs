using System.Diagnostics;
using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Output;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

/// <summary>Puts a job's parts together: host, signals, supervisor, and the last words.</summary>
internal static class RankHost
{
    // What ranks wrote before they ended is in the pipes already; only a stuck terminal takes longer.
    private static readonly TimeSpan OutputPatience = TimeSpan.FromSeconds(5);

    /// <summary>Runs the job to its end.</summary>
    /// <param name="plan">The ranks.</param>
    /// <param name="seat">The coordinator's news.</param>
    /// <param name="clock">Counts from the job's start.</param>
    /// <param name="mark">What the ranks' environment is marked with.</param>
    /// <param name="style">Tags and time stamps.</param>
    /// <param name="files">Files of <c>--output-dir</c>.</param>
    /// <param name="input">Who reads standard input.</param>
    /// <param name="lastWords">Lines to print when all is over.</param>
    /// <param name="hostOf">Makes what runs the ranks; null for processes of this machine.</param>
    /// <exception cref="LaunchException">The system is out of processes or descriptors before any rank runs.</exception>
    public static JobOutcome Run(
        JobPlan plan,
        IJobSeat seat,
        Stopwatch clock,
        string mark,
        LineStyle style,
        OutputFiles files,
        StandardInput input,
        Func<JobOutcome, IEnumerable<string>>? lastWords,
        Func<RankHostOptions, IRankHost>? hostOf = null)
    {
        JobSupervisor? supervisor = null;
        OutputOptions output = new(style, files, () => supervisor?.Post(new JobEvent.OutputClosed()));
        RankHostOptions options = new(mark, plan.Size, output, input, plan.Grace)
        {
            Leftovers = plan.Leftovers,
        };
        using IRankHost host = hostOf?.Invoke(options) ?? ThisMachine.Host(options);
        using JobSupervisor running = supervisor = new JobSupervisor(plan, host, seat, clock);
        JobOutcome outcome;
        using (new SignalSource(running.Post, running.SignalAll))
            outcome = running.Run();

        bool complete = host.Output.Finish(OutputPatience);
        if (complete)
        {
            foreach (string line in Summary.Of(outcome).Concat(lastWords?.Invoke(outcome) ?? []))
                host.Output.Say("boxer: " + line);
        }

        return outcome;
    }
}
