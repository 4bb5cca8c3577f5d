using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Rendezvous;

/// <summary>Opens what a rank sleeps in, and tries again with growing pauses while there are no descriptors for it.</summary>
/// <remarks>
/// Done before it joins: one that has been taken is not to fail for want of them. The caller's thread waits, in asynchronous calls as well:
/// timers and the pool would need a thread, and a thread needs descriptors.
/// </remarks>
internal static class DescriptorWait
{
    /// <param name="open">What opens it.</param>
    /// <param name="options">Who joins, and how long that may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RendezvousException">There were none all the time.</exception>
    public static T For<T>(Func<T> open, JoinOptions options, CancellationToken cancellationToken)
    {
        long start = options.Time.GetTimestamp();
        for (Backoff? pause = null; ;)
        {
            try
            {
                return open();
            }
            catch (DescriptorShortageException error)
            {
                TimeSpan elapsed = options.Time.GetElapsedTime(start);
                if (elapsed >= options.Timeout)
                    throw ControlHandshake.OutOfDescriptors(options.Seed, $"was not tried in {elapsed.TotalSeconds:F1} s", error, elapsed);
            }

            if (pause is null)
                options.Log?.Invoke($"Joining job '{options.JobId}' is tried again: {DescriptorLimit.Shortage}.");
            pause ??= new Backoff();
            cancellationToken.WaitHandle.WaitOne(pause.Next());
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
