using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

public static partial class CollectiveExtensions
{
    /// <summary>Folds the vectors of all ranks into one at the root.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">This rank's vector; of the same length on every rank. Not changed.</param>
    /// <param name="receive">
    /// At the root, where the fold goes, of the same length; ignored elsewhere. Apart from <paramref name="send"/>, or the same memory.
    /// </param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <param name="root">The rank that gets the fold.</param>
    /// <remarks>
    /// Collective. Operations that do not commute fold in the order of the ranks. With floating-point numbers the last bits depend on
    /// the algorithm unless <see cref="CollectiveOptions.Deterministic"/>. MPI 4.1 §6.9.
    /// </remarks>
    /// <exception cref="ArgumentException">The lengths differ at the root, or the buffers overlap in part.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its vector arrived.</exception>
    public static void Reduce<T>(this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, ReduceOp<T> op, int root = 0)
        where T : unmanaged => Run(communicator, ReduceKey(communicator, send, receive, op, root), send, receive, op);

    /// <inheritdoc cref="Reduce{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T}, int)"/>
    public static ValueTask ReduceAsync<T>(
        this Communicator communicator,
        ReadOnlyMemory<T> send,
        Memory<T> receive,
        ReduceOp<T> op,
        int root = 0,
        CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, ReduceKey(communicator, send.Span, receive.Span, op, root), send, receive, op, cancellationToken);

    /// <summary>Folds the values of all ranks into one at the root.</summary>
    /// <returns>At the root the fold, elsewhere the rank's own value.</returns>
    /// <inheritdoc cref="Reduce{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T}, int)"/>
    public static T Reduce<T>(this Communicator communicator, T value, ReduceOp<T> op, int root = 0)
        where T : unmanaged
    {
        Span<T> single = new(ref value);
        communicator.Reduce(single, single, op, root);
        return value;
    }

    /// <summary>Folds the vectors of all ranks into one that all get.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">This rank's vector; of the same length on every rank. Not changed.</param>
    /// <param name="receive">Where the fold goes, of the same length. Apart from <paramref name="send"/>, or the same memory.</param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <remarks>
    /// Collective. Operations that do not commute fold in the order of the ranks. All ranks get the same bits; with floating-point
    /// numbers the last ones depend on the algorithm unless <see cref="CollectiveOptions.Deterministic"/>. MPI 4.1 §6.9.
    /// </remarks>
    /// <exception cref="ArgumentException">The lengths differ, or the buffers overlap in part.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its vector arrived.</exception>
    public static void AllReduce<T>(this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, ReduceOp<T> op)
        where T : unmanaged => Run(communicator, AllReduceKey(communicator, send, receive, op), send, receive, op);

    /// <inheritdoc cref="AllReduce{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static ValueTask AllReduceAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, ReduceOp<T> op, CancellationToken cancellationToken =
            default)
        where T : unmanaged =>
        RunAsync(communicator, AllReduceKey(communicator, send.Span, receive.Span, op), send, receive, op, cancellationToken);

    /// <summary>Folds the vectors of all ranks into one that all get, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">This rank's vector, then the fold; of the same length on every rank.</param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <inheritdoc cref="AllReduce{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static void AllReduce<T>(this Communicator communicator, Span<T> buffer, ReduceOp<T> op)
        where T : unmanaged => communicator.AllReduce((ReadOnlySpan<T>)buffer, buffer, op);

    /// <inheritdoc cref="AllReduce{T}(Communicator, Span{T}, ReduceOp{T})"/>
    public static ValueTask AllReduceAsync<T>(
        this Communicator communicator, Memory<T> buffer, ReduceOp<T> op, CancellationToken cancellationToken = default)
        where T : unmanaged => communicator.AllReduceAsync((ReadOnlyMemory<T>)buffer, buffer, op, cancellationToken);

    /// <summary>Folds the values of all ranks into one that all get.</summary>
    /// <returns>The fold.</returns>
    /// <inheritdoc cref="AllReduce{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static T AllReduce<T>(this Communicator communicator, T value, ReduceOp<T> op)
        where T : unmanaged
    {
        communicator.AllReduce(new Span<T>(ref value), op);
        return value;
    }

    /// <inheritdoc cref="AllReduce{T}(Communicator, T, ReduceOp{T})"/>
    public static ValueTask<T> AllReduceAsync<T>(
        this Communicator communicator, T value, ReduceOp<T> op, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(op);
        return CollectiveEngine.Of(communicator).RunValueAsync(
            Key<T>(Collective.AllReduce, 1) with { Commutative = op.IsCommutative, InPlace = true }, value, op, cancellationToken);
    }

    private static PlanKey ReduceKey<T>(
        Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, ReduceOp<T> op, int root)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        ArgumentNullException.ThrowIfNull(op);
        Arguments.CheckRoot(communicator, root);
        bool inPlace = false;
        if (communicator.Rank == root)
        {
            Arguments.CheckLength(communicator, Collective.Reduce, nameof(receive), receive.Length, send.Length, "as many as send has");
            inPlace = Arguments.AreSame(Collective.Reduce, send, receive);
        }

        return Key<T>(Collective.Reduce, send.Length) with { Root = root, Commutative = op.IsCommutative, InPlace = inPlace };
    }

    private static PlanKey AllReduceKey<T>(Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, ReduceOp<T> op)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        ArgumentNullException.ThrowIfNull(op);
        Arguments.CheckLength(communicator, Collective.AllReduce, nameof(receive), receive.Length, send.Length, "as many as send has");
        bool inPlace = Arguments.AreSame(Collective.AllReduce, send, receive);
        return Key<T>(Collective.AllReduce, send.Length) with { Commutative = op.IsCommutative, InPlace = inPlace };
    }
}
