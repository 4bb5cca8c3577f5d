using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

// Calls on one value a rank that have no buffer to lend.
public static partial class CollectiveExtensions
{
    /// <inheritdoc cref="Gather{T}(Communicator, T, int)"/>
    public static async ValueTask<T[]> GatherAsync<T>(
        this Communicator communicator, T value, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        T[] values = communicator.Rank == root ? new T[communicator.Size] : [];
        await communicator.GatherAsync<T>(new[] { value }, values, root, cancellationToken).ConfigureAwait(false);
        return values;
    }

    /// <summary>The root sends a value to every rank.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="values">At the root a value for each rank; ignored elsewhere.</param>
    /// <param name="root">The rank that has the values.</param>
    /// <returns>The value for this rank.</returns>
    /// <exception cref="ArgumentException">The root has not one value for each rank.</exception>
    public static T ScatterValue<T>(this Communicator communicator, ReadOnlySpan<T> values, int root = 0)
        where T : unmanaged
    {
        T value = default;
        communicator.Scatter(values, new Span<T>(ref value), root);
        return value;
    }

    /// <inheritdoc cref="ScatterValue{T}(Communicator, ReadOnlySpan{T}, int)"/>
    public static async ValueTask<T> ScatterValueAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> values, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        T[] value = new T[1];
        await communicator.ScatterAsync(values, value.AsMemory(), root, cancellationToken).ConfigureAwait(false);
        return value[0];
    }

    /// <inheritdoc cref="Reduce{T}(Communicator, T, ReduceOp{T}, int)"/>
    public static ValueTask<T> ReduceAsync<T>(
        this Communicator communicator, T value, ReduceOp<T> op, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        ArgumentNullException.ThrowIfNull(op);
        Arguments.CheckRoot(communicator, root);
        return CollectiveEngine.Of(communicator).RunValueAsync(
            Key<T>(Collective.Reduce, 1) with { Root = root, Commutative = op.IsCommutative, InPlace = true }, value, op,
            cancellationToken);
    }

    /// <summary>Every rank gives a value for every rank, and gets the fold of those for it.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="values">A value for each rank.</param>
    /// <param name="op">How two ranks' values fold; the same on every rank.</param>
    /// <returns>The fold of what all ranks gave for this one.</returns>
    /// <remarks>Collective. Operations that do not commute fold in the order of the ranks. MPI 4.1 §6.10.</remarks>
    /// <exception cref="ArgumentException">There is not one value for each rank.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its values arrived.</exception>
    public static T ReduceScatterValue<T>(this Communicator communicator, ReadOnlySpan<T> values, ReduceOp<T> op)
        where T : unmanaged
    {
        T value = default;
        communicator.ReduceScatterBlock(values, new Span<T>(ref value), op);
        return value;
    }

    /// <inheritdoc cref="ReduceScatterValue{T}(Communicator, ReadOnlySpan{T}, ReduceOp{T})"/>
    public static async ValueTask<T> ReduceScatterValueAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> values, ReduceOp<T> op, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        T[] value = new T[1];
        await communicator.ReduceScatterBlockAsync(values, value.AsMemory(), op, cancellationToken).ConfigureAwait(false);
        return value[0];
    }

    /// <inheritdoc cref="NeighbourAllGather{T}(NeighbourCommunicator, T)"/>
    public static async ValueTask<T[]> NeighbourAllGatherAsync<T>(
        this NeighbourCommunicator communicator, T value, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        T[] values = new T[communicator.Sources.Length];
        await communicator.NeighbourAllGatherAsync<T>(new[] { value }, values, cancellationToken).ConfigureAwait(false);
        return values;
    }
}
