using BoxerMpi.Control;

namespace BoxerMpi.Internal;

/// <summary>Ends a process whose program does not return after its job was aborted: code that never looks at messages.</summary>
/// <remarks>Only <see cref="MpiProgram"/> has one: the process is its own then, and no other host's.</remarks>
internal sealed class AbortGuard : IDisposable
{
    private readonly Timer _timer;
    private readonly TimeSpan _grace;
    private int _code = 1;

    /// <param name="aborted">Completes when the job is aborted.</param>
    /// <param name="grace">What the program gets to return by itself.</param>
    /// <param name="exit">Ends the process with a code.</param>
    public AbortGuard(Task<AbortInfo> aborted, TimeSpan grace, Action<int> exit)
    {
        _grace = grace;
        _timer = new Timer(_ => exit(_code), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _ = aborted.ContinueWith(
            task => Begin(task.Result), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    /// <summary>The program has returned.</summary>
    public void Dispose() => _timer.Dispose();

    private void Begin(AbortInfo abort)
    {
        _code = abort.Code == 0 ? 1 : abort.Code;
        try
        {
            _timer.Change(_grace, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // It returned just now.
        }
    }
}
