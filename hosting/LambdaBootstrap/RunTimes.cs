namespace BoxerMpi.LambdaBootstrap;

/// <summary>The moments before the end of a function's run at which its program has to stop, is killed, and the answer leaves.</summary>
/// <param name="deadline">When Lambda ends the run.</param>
internal sealed class RunTimes(DateTimeOffset deadline)
{
    // Time to leave the job in order, then to pass the last output on and report; less of each in a short run.
    private static readonly TimeSpan StopBefore = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan KillBefore = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerBefore = TimeSpan.FromSeconds(0.5);

    private readonly TimeSpan _all = deadline - DateTimeOffset.UtcNow;

    /// <summary>When the program gets TERM.</summary>
    public DateTimeOffset Stop => deadline - Shorter(StopBefore, _all / 4);

    public Task UntilStop() => Until(Stop);

    /// <summary>When it gets KILL.</summary>
    public Task UntilKill() => Until(deadline - Shorter(KillBefore, _all / 8));

    /// <summary>When the answer has to leave, whatever is still to be passed on.</summary>
    public Task UntilAnswer() => Until(deadline - Shorter(AnswerBefore, _all / 16));

    private static Task Until(DateTimeOffset moment)
    {
        TimeSpan left = moment - DateTimeOffset.UtcNow;
        return left > TimeSpan.Zero ? Task.Delay(left) : Task.CompletedTask;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
