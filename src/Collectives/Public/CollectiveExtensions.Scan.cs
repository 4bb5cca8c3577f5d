using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

public static partial class CollectiveExtensions
{
    /// <summary>Folds the vectors of the ranks up to each: rank r gets the fold of ranks 0 to r.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">This rank's vector; of the same length on every rank. Not changed.</param>
    /// <param name="receive">Where the fold goes, of the same length. Apart from <paramref name="send"/>, or the same memory.</param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <remarks>Collective. Folds in the order of the ranks, whether the operation commutes or not. MPI 4.1 §6.11.</remarks>
    /// <exception cref="ArgumentException">The lengths differ, or the buffers overlap in part.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its vector arrived.</exception>
    public static void Scan<T>(this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, ReduceOp<T> op)
        where T : unmanaged => Run(communicator, ScanKey(communicator, Collective.Scan, send, receive, op), send, receive, op);

    /// <inheritdoc cref="Scan{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static ValueTask ScanAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, ReduceOp<T> op, CancellationToken cancellationToken =
            default)
        where T : unmanaged =>
        RunAsync(communicator, ScanKey(communicator, Collective.Scan, send.Span, receive.Span, op), send, receive, op, cancellationToken);

    /// <summary>Folds the vectors of the ranks up to each, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">This rank's vector, then the fold of the ranks up to it; of the same length on every rank.</param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <inheritdoc cref="Scan{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static void Scan<T>(this Communicator communicator, Span<T> buffer, ReduceOp<T> op)
        where T : unmanaged => communicator.Scan((ReadOnlySpan<T>)buffer, buffer, op);

    /// <inheritdoc cref="Scan{T}(Communicator, Span{T}, ReduceOp{T})"/>
    public static ValueTask ScanAsync<T>(
        this Communicator communicator, Memory<T> buffer, ReduceOp<T> op, CancellationToken cancellationToken = default)
        where T : unmanaged => communicator.ScanAsync((ReadOnlyMemory<T>)buffer, buffer, op, cancellationToken);

    /// <summary>Folds the values of the ranks up to each.</summary>
    /// <returns>The fold of the values of ranks 0 to this one.</returns>
    /// <inheritdoc cref="Scan{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static T Scan<T>(this Communicator communicator, T value, ReduceOp<T> op)
        where T : unmanaged
    {
        communicator.Scan(new Span<T>(ref value), op);
        return value;
    }

    /// <inheritdoc cref="Scan{T}(Communicator, T, ReduceOp{T})"/>
    public static ValueTask<T> ScanAsync<T>(
        this Communicator communicator, T value, ReduceOp<T> op, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(op);
        return CollectiveEngine.Of(communicator).RunValueAsync(
            Key<T>(Collective.Scan, 1) with { Commutative = op.IsCommutative }, value, op, cancellationToken);
    }

    /// <summary>Folds the vectors of the ranks before each: rank r gets the fold of ranks 0 to r−1.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">This rank's vector; of the same length on every rank. Not changed.</param>
    /// <param name="receive">
    /// Where the fold goes, of the same length. No rank is before rank 0: its buffer stays as it is. Apart from <paramref name="send"/>,
    /// or the same memory.
    /// </param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <remarks>Collective. Folds in the order of the ranks, whether the operation commutes or not. MPI 4.1 §6.11, MPI_Exscan.</remarks>
    /// <exception cref="ArgumentException">The lengths differ, or the buffers overlap in part.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its vector arrived.</exception>
    public static void ExclusiveScan<T>(this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, ReduceOp<T> op)
        where T : unmanaged => Run(communicator, ScanKey(communicator, Collective.ExclusiveScan, send, receive, op), send, receive, op);

    /// <inheritdoc cref="ExclusiveScan{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static ValueTask ExclusiveScanAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, ReduceOp<T> op, CancellationToken cancellationToken =
            default)
        where T : unmanaged =>
        RunAsync(
            communicator, ScanKey(communicator, Collective.ExclusiveScan, send.Span, receive.Span, op), send, receive, op,
            cancellationToken);

    /// <summary>Folds the vectors of the ranks before each, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">
    /// This rank's vector, then the fold of the ranks before it; rank 0 keeps its own. Of the same length on every rank.
    /// </param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <inheritdoc cref="ExclusiveScan{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static void ExclusiveScan<T>(this Communicator communicator, Span<T> buffer, ReduceOp<T> op)
        where T : unmanaged => communicator.ExclusiveScan((ReadOnlySpan<T>)buffer, buffer, op);

    /// <inheritdoc cref="ExclusiveScan{T}(Communicator, Span{T}, ReduceOp{T})"/>
    public static ValueTask ExclusiveScanAsync<T>(
        this Communicator communicator, Memory<T> buffer, ReduceOp<T> op, CancellationToken cancellationToken = default)
        where T : unmanaged => communicator.ExclusiveScanAsync((ReadOnlyMemory<T>)buffer, buffer, op, cancellationToken);

    /// <summary>Folds the values of the ranks before each.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">This rank's value.</param>
    /// <param name="op">How two ranks' values fold; the same on every rank.</param>
    /// <param name="first">What rank 0 gets, before which there is no rank: 0 for a sum.</param>
    /// <returns>The fold of the values of ranks 0 to the one before this.</returns>
    /// <inheritdoc cref="ExclusiveScan{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static T ExclusiveScan<T>(this Communicator communicator, T value, ReduceOp<T> op, T first = default)
        where T : unmanaged
    {
        communicator.ExclusiveScan(new Span<T>(ref value), op);
        return communicator.Rank == 0 ? first : value;
    }

    /// <inheritdoc cref="ExclusiveScan{T}(Communicator, T, ReduceOp{T}, T)"/>
    public static async ValueTask<T> ExclusiveScanAsync<T>(
        this Communicator communicator, T value, ReduceOp<T> op, T first = default, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(op);
        T fold = await CollectiveEngine.Of(communicator).RunValueAsync(
            Key<T>(Collective.ExclusiveScan, 1) with { Commutative = op.IsCommutative }, value, op, cancellationToken)
                .ConfigureAwait(false);
        return communicator.Rank == 0 ? first : fold;
    }

    private static PlanKey ScanKey<T>(
        Communicator communicator, Collective collective, ReadOnlySpan<T> send, Span<T> receive, ReduceOp<T> op)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        ArgumentNullException.ThrowIfNull(op);
        Arguments.CheckLength(communicator, collective, nameof(receive), receive.Length, send.Length, "as many as send has");
        _ = Arguments.AreSame(collective, send, receive);
        return Key<T>(collective, send.Length) with { Commutative = op.IsCommutative };
    }
}
