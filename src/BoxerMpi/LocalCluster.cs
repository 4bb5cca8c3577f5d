using BoxerMpi.Internal;
using BoxerMpi.Transport;

namespace BoxerMpi;

/// <summary>Ranks as threads of this process, for tests: the same links, matching and collectives, without a launcher.</summary>
/// <example>
/// <code>
/// await LocalCluster.RunAsync(4, async (world, cancellationToken) =>
///     Assert.Equal(6, await world.AllReduceAsync(world.Rank, ReduceOp&lt;int&gt;.Sum, cancellationToken)));
/// </code>
/// </example>
public static class LocalCluster
{
    /// <summary>Runs a body on every rank and waits for all.</summary>
    /// <param name="size">How many ranks.</param>
    /// <param name="body">
    /// What each rank does; blocking and asynchronous calls are both fine. Its token fires when another rank has failed.
    /// </param>
    /// <param name="options">Transport, topology, faults, deadlines.</param>
    /// <exception cref="RankFailedException">
    /// A rank threw: the first one's exception is inside. Or the time is over: the message says what each rank waits for.
    /// </exception>
    /// <exception cref="IOException">The process may not have as many file descriptors as the ranks and their links take.</exception>
    public static async Task RunAsync(int size, Func<Communicator, CancellationToken, Task> body, LocalClusterOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentNullException.ThrowIfNull(body);
        DescriptorLimit.Raise();
        using LocalRanks ranks = new(size, options ?? LocalClusterOptions.Default);
        await ranks.RunAsync(body).ConfigureAwait(false);
    }

    /// <summary>Runs a blocking body on every rank and waits for all.</summary>
    /// <inheritdoc cref="RunAsync(int, Func{Communicator, CancellationToken, Task}, LocalClusterOptions?)"/>
    public static Task RunAsync(int size, Action<Communicator> body, LocalClusterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunAsync(
            size,
            (world, _) =>
            {
                body(world);
                return Task.CompletedTask;
            },
            options);
    }
}
