using System.Collections.Concurrent;
using BoxerMpi.Transport;

namespace BoxerMpi.Internal;

/// <summary>A thread that runs one rank's body, continuations after awaits included, so that blocking calls never starve a pool.</summary>
internal sealed class RankThread : SynchronizationContext
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _work = [];
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RankThread()
    {
    }

    /// <summary>Runs the body on a thread of its own; the task ends with it.</summary>
    public static Task RunAsync(string name, Func<Task> body)
    {
        RankThread context = new();
        StartedThread.Of(name, stackBytes: 0, () => context.Pump(body));
        return context._done.Task;
    }

    public override void Post(SendOrPostCallback d, object? state) => _work.Add((d, state));

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("A rank's thread takes posted work only.");

    public override SynchronizationContext CreateCopy() => this;

    private void Pump(Func<Task> body)
    {
        SetSynchronizationContext(this);
        Task running = StartAsync(body);
        _ = running.ContinueWith(
            _ => Post(static state => ((RankThread)state!)._work.CompleteAdding(), this),
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default);
        foreach ((SendOrPostCallback callback, object? state) in _work.GetConsumingEnumerable())
            callback(state);
        if (running.IsFaulted)
            _done.SetException(running.Exception!.InnerExceptions);
        else if (running.IsCanceled)
            _done.SetCanceled();
        else
            _done.SetResult();
    }

    private static async Task StartAsync(Func<Task> body)
    {
        // A body that throws before its first await fails its task, not this thread.
#pragma warning disable CA2007 // the body's continuations belong on this thread
        await body();
#pragma warning restore CA2007
    }
}
