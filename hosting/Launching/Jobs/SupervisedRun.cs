using System.Diagnostics;
using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Output;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

/// <summary>Puts together what a job's ranks run under: host, output, signals, supervisor, and the last words.</summary>
internal static class SupervisedRun
{
    // What ranks wrote before they ended is in the pipes already; only a stuck terminal takes longer.
    private static readonly TimeSpan OutputPatience = TimeSpan.FromSeconds(5);

    /// <summary>Runs the ranks to their end.</summary>
    /// <param name="plan">The ranks.</param>
    /// <param name="seat">The coordinator's news.</param>
    /// <param name="clock">Counts from the job's start.</param>
    /// <param name="output">How their output is printed.</param>
    /// <param name="hostOf">Makes what starts the ranks.</param>
    /// <param name="lastWords">Lines to print when all is over.</param>
    /// <param name="cancellationToken">Ends the job as TERM does.</param>
    /// <exception cref="LaunchException">The system is out of processes or descriptors before any rank runs.</exception>
    public static JobOutcome Run(
        JobPlan plan,
        IJobSeat seat,
        Stopwatch clock,
        OutputOptions output,
        Func<RankHostOptions, IRankHost> hostOf,
        Func<JobOutcome, IEnumerable<string>> lastWords,
        CancellationToken cancellationToken)
    {
        JobSupervisor? supervisor = null;
        RankHostOptions options = new(
            plan.Mark,
            plan.Size,
            output with { Closed = () => supervisor?.Post(new JobEvent.OutputClosed()) },
            plan.Input,
            plan.Grace)
        {
            Leftovers = plan.Leftovers,
        };
        using IRankHost host = hostOf(options);
        using JobSupervisor running = supervisor = new JobSupervisor(plan, host, seat, clock);
        JobOutcome outcome;
        using (plan.HeedsSignals ? new SignalSource(running.Post, running.SignalAll) : null)
        using (cancellationToken.Register(() => running.Post(new JobEvent.EndRequested(NativeMethods.SigTerm))))
            outcome = running.Run();

        bool complete = host.Output.Finish(OutputPatience);
        if (complete)
        {
            foreach (string line in Summary.Of(outcome).Concat(lastWords(outcome)))
                host.Output.Say("boxer: " + line);
        }

        return outcome;
    }
}
