using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

public static partial class CollectiveExtensions
{
    /// <summary>Brings the root's elements to all ranks.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">At the root what to send, elsewhere where it goes; of the same length on every rank.</param>
    /// <param name="root">The rank that has the elements.</param>
    /// <remarks>Collective. MPI 4.1 §6.4.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">There is no such root.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before the elements arrived.</exception>
    public static void Broadcast<T>(this Communicator communicator, Span<T> buffer, int root = 0)
        where T : unmanaged => Run(communicator, BroadcastKey<T>(communicator, buffer.Length, root), default, buffer);

    /// <inheritdoc cref="Broadcast{T}(Communicator, Span{T}, int)"/>
    public static ValueTask BroadcastAsync<T>(
        this Communicator communicator, Memory<T> buffer, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, BroadcastKey<T>(communicator, buffer.Length, root), default, buffer, op: null, cancellationToken);

    /// <summary>Brings the root's value to all ranks.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">The value at the root; ignored elsewhere.</param>
    /// <param name="root">The rank that has the value.</param>
    /// <returns>The root's value.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such root.</exception>
    public static T Broadcast<T>(this Communicator communicator, T value, int root = 0)
        where T : unmanaged
    {
        communicator.Broadcast(new Span<T>(ref value), root);
        return value;
    }

    /// <inheritdoc cref="Broadcast{T}(Communicator, T, int)"/>
    public static ValueTask<T> BroadcastAsync<T>(
        this Communicator communicator, T value, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged =>
        CollectiveEngine.Of(communicator).RunValueAsync(BroadcastKey<T>(communicator, 1, root), value, op: null, cancellationToken);

    private static PlanKey BroadcastKey<T>(Communicator communicator, long length, int root)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckRoot(communicator, root);
        return Key<T>(Collective.Broadcast, length) with { Root = root };
    }
}
