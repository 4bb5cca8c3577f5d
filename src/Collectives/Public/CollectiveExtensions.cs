using System.Buffers;
using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

/// <summary>Collective operations: all ranks of a communicator call the same ones in the same order.</summary>
/// <remarks>
/// Wrong arguments are reported before anything is sent, and leave the communicator as it was. What the others or the network did comes
/// as an <see cref="MpiException"/>. A collective that has begun and fails on one rank, whatever the reason, revokes the communicator on
/// all.
/// Several asynchronous ones may be in flight; buffers are the library's until their tasks end.
/// </remarks>
public static partial class CollectiveExtensions
{
    /// <summary>How this communicator runs its collectives.</summary>
    /// <exception cref="InvalidOperationException">
    /// The environment has a BOXER_COLLECTIVE_ variable with an unknown name or value.
    /// </exception>
    public static CollectiveOptions GetCollectiveOptions(this Communicator communicator) => CollectiveEngine.Of(communicator).Options;

    /// <summary>Changes how this communicator runs its collectives. Every rank does it at the same point, with equal options.</summary>
    /// <param name="communicator">The communicator; those made from it later inherit the options.</param>
    /// <param name="options">The options.</param>
    public static void SetCollectiveOptions(this Communicator communicator, CollectiveOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        CollectiveEngine.SetOptions(communicator, options);
    }

    private static unsafe void Run<T>(
        Communicator communicator, in PlanKey key, ReadOnlySpan<T> send, Span<T> receive, ReduceOp<T>? op = null)
        where T : unmanaged
    {
        fixed (T* from = send, to = receive)
            CollectiveEngine.Of(communicator).Run(key, (nint)from, (nint)to, op, typeof(T));
    }

    private static ValueTask RunAsync<T>(
        Communicator communicator,
        in PlanKey key,
        ReadOnlyMemory<T> send,
        Memory<T> receive,
        ReduceOp<T>? op,
        CancellationToken cancellationToken)
        where T : unmanaged
    {
        CollectiveEngine engine = CollectiveEngine.Of(communicator);
        MemoryHandle from = send.Pin();
        MemoryHandle to = receive.Pin();
        return engine.RunAsync(key, from, to, op, typeof(T), whole: null, cancellationToken);
    }

    private static unsafe PlanKey Key<T>(Collective collective, long elements)
        where T : unmanaged => new(collective, checked(elements * sizeof(T)), sizeof(T));
}
