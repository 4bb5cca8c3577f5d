using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

// Collectives that are planned once with their buffers and started many times. Buffers mean what they mean in the call of the same name.
public static partial class CollectiveExtensions
{
    /// <summary>Prepares a barrier that can be started many times.</summary>
    /// <inheritdoc cref="PersistentCollective"/>
    public static PersistentCollective PrepareBarrier(this Communicator communicator) =>
        new(CollectiveEngine.Of(communicator), new(Collective.Barrier, 0, 1), send: default, receive: default, op: null, type: null);

    /// <summary>Prepares a broadcast that can be started many times.</summary>
    /// <inheritdoc cref="Broadcast{T}(Communicator, Span{T}, int)"/>
    public static PersistentCollective PrepareBroadcast<T>(this Communicator communicator, Memory<T> buffer, int root = 0)
        where T : unmanaged => Prepared(communicator, BroadcastKey<T>(communicator, buffer.Length, root), default, buffer, null);

    /// <summary>Prepares a gather that can be started many times.</summary>
    /// <inheritdoc cref="Gather{T}(Communicator, ReadOnlySpan{T}, Span{T}, int)"/>
    public static PersistentCollective PrepareGather<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, int root = 0)
        where T : unmanaged => Prepared(communicator, GatherKey(communicator, send.Span, receive.Span, root), send, receive, null);

    /// <summary>Prepares a gather with counts that can be started many times.</summary>
    /// <inheritdoc cref="GatherV{T}(Communicator, ReadOnlySpan{T}, Span{T}, BlockLayout?, int)"/>
    public static PersistentCollective PrepareGatherV<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, BlockLayout? layout, int root = 0)
        where T : unmanaged => Prepared(communicator, GatherVKey(communicator, send.Span, receive.Span, layout, root), send, receive, null);

    /// <summary>Prepares a scatter that can be started many times.</summary>
    /// <inheritdoc cref="Scatter{T}(Communicator, ReadOnlySpan{T}, Span{T}, int)"/>
    public static PersistentCollective PrepareScatter<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, int root = 0)
        where T : unmanaged => Prepared(communicator, ScatterKey(communicator, send.Span, receive.Span, root), send, receive, null);

    /// <summary>Prepares a scatter with counts that can be started many times.</summary>
    /// <inheritdoc cref="ScatterV{T}(Communicator, ReadOnlySpan{T}, BlockLayout?, Span{T}, int)"/>
    public static PersistentCollective PrepareScatterV<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, BlockLayout? layout, Memory<T> receive, int root = 0)
        where T : unmanaged =>
        Prepared(communicator, ScatterVKey(communicator, send.Span, layout, receive.Span, root), send, receive, null);

    /// <summary>Prepares an all-gather that can be started many times.</summary>
    /// <inheritdoc cref="AllGather{T}(Communicator, ReadOnlySpan{T}, Span{T})"/>
    public static PersistentCollective PrepareAllGather<T>(this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive)
        where T : unmanaged => Prepared(communicator, AllGatherKey(communicator, send.Span, receive.Span), send, receive, null);

    /// <summary>Prepares an all-gather with counts that can be started many times.</summary>
    /// <inheritdoc cref="AllGatherV{T}(Communicator, ReadOnlySpan{T}, Span{T}, BlockLayout)"/>
    public static PersistentCollective PrepareAllGatherV<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, BlockLayout layout)
        where T : unmanaged => Prepared(communicator, AllGatherVKey(communicator, send.Span, receive.Span, layout), send, receive, null);

    /// <summary>Prepares an all-to-all that can be started many times.</summary>
    /// <inheritdoc cref="AllToAll{T}(Communicator, ReadOnlySpan{T}, Span{T})"/>
    public static PersistentCollective PrepareAllToAll<T>(this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive)
        where T : unmanaged => Prepared(communicator, AllToAllKey(communicator, send.Span, receive.Span), send, receive, null);

    /// <summary>Prepares an all-to-all with counts that can be started many times.</summary>
    /// <inheritdoc cref="AllToAllV{T}(Communicator, ReadOnlySpan{T}, BlockLayout, Span{T}, BlockLayout)"/>
    public static PersistentCollective PrepareAllToAllV<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, BlockLayout sendLayout, Memory<T> receive, BlockLayout receiveLayout)
        where T : unmanaged =>
        Prepared(communicator, AllToAllVKey(communicator, send.Span, sendLayout, receive.Span, receiveLayout), send, receive, null);

    /// <summary>Prepares a reduction that can be started many times.</summary>
    /// <inheritdoc cref="Reduce{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T}, int)"/>
    public static PersistentCollective PrepareReduce<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, ReduceOp<T> op, int root = 0)
        where T : unmanaged => Prepared(communicator, ReduceKey(communicator, send.Span, receive.Span, op, root), send, receive, op);

    /// <summary>Prepares an all-reduction that can be started many times.</summary>
    /// <inheritdoc cref="AllReduce{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static PersistentCollective PrepareAllReduce<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, ReduceOp<T> op)
        where T : unmanaged => Prepared(communicator, AllReduceKey(communicator, send.Span, receive.Span, op), send, receive, op);

    /// <summary>Prepares a reduce-scatter that can be started many times.</summary>
    /// <inheritdoc cref="ReduceScatterBlock{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static PersistentCollective PrepareReduceScatterBlock<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, ReduceOp<T> op)
        where T : unmanaged => Prepared(communicator, ReduceScatterBlockKey(communicator, send.Span, receive.Span, op), send, receive, op);

    /// <summary>Prepares a reduce-scatter with counts that can be started many times.</summary>
    /// <inheritdoc cref="ReduceScatter{T}(Communicator, ReadOnlySpan{T}, Span{T}, BlockLayout, ReduceOp{T})"/>
    public static PersistentCollective PrepareReduceScatter<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, BlockLayout layout, ReduceOp<T> op)
        where T : unmanaged =>
        Prepared(communicator, ReduceScatterKey(communicator, send.Span, receive.Span, layout, op), send, receive, op);

    /// <summary>Prepares a scan that can be started many times.</summary>
    /// <inheritdoc cref="Scan{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static PersistentCollective PrepareScan<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, ReduceOp<T> op)
        where T : unmanaged =>
        Prepared(communicator, ScanKey(communicator, Collective.Scan, send.Span, receive.Span, op), send, receive, op);

    /// <summary>Prepares an exclusive scan that can be started many times.</summary>
    /// <inheritdoc cref="ExclusiveScan{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static PersistentCollective PrepareExclusiveScan<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, ReduceOp<T> op)
        where T : unmanaged =>
        Prepared(communicator, ScanKey(communicator, Collective.ExclusiveScan, send.Span, receive.Span, op), send, receive, op);

    private static PersistentCollective Prepared<T>(
        Communicator communicator, in PlanKey key, ReadOnlyMemory<T> send, Memory<T> receive, ReduceOp<T>? op)
        where T : unmanaged => new(CollectiveEngine.Of(communicator), key, send.Pin(), receive.Pin(), op, typeof(T));
}
