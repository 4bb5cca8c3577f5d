using BoxerMpi.Schedules;


namespace BoxerMpi;

// Collectives on one buffer that are planned once and started many times. The buffer means what it means in the call of the same name.
public static partial class CollectiveExtensions
{
    /// <summary>Prepares a gather in place that can be started many times.</summary>
    /// <inheritdoc cref="Gather{T}(Communicator, Span{T}, int)"/>
    public static PersistentCollective PrepareGather<T>(this Communicator communicator, Memory<T> buffer, int root = 0)
        where T : unmanaged
    {
        (int start, int length) = OwnAtRoot(communicator, Collective.Gather, buffer.Length, root);
        return Prepared(
            communicator, Key<T>(Collective.Gather, length) with { Root = root }, buffer.Slice(start, length), buffer, op: null);
    }

    /// <summary>Prepares a gather with counts in place that can be started many times.</summary>
    /// <inheritdoc cref="GatherV{T}(Communicator, Span{T}, BlockLayout?, int)"/>
    public static PersistentCollective PrepareGatherV<T>(
        this Communicator communicator, Memory<T> buffer, BlockLayout? layout, int root = 0)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = GatherVInPlace<T>(communicator, buffer.Length, layout, root);
        return Prepared(communicator, key, buffer.Slice(start, length), buffer, op: null);
    }

    /// <summary>Prepares a scatter in place that can be started many times.</summary>
    /// <inheritdoc cref="Scatter{T}(Communicator, Span{T}, int)"/>
    public static PersistentCollective PrepareScatter<T>(this Communicator communicator, Memory<T> buffer, int root = 0)
        where T : unmanaged
    {
        (int start, int length) = OwnAtRoot(communicator, Collective.Scatter, buffer.Length, root);
        return Prepared(
            communicator, Key<T>(Collective.Scatter, length) with { Root = root }, buffer, buffer.Slice(start, length), op: null);
    }

    /// <summary>Prepares a scatter with counts in place that can be started many times.</summary>
    /// <inheritdoc cref="ScatterV{T}(Communicator, Span{T}, BlockLayout?, int)"/>
    public static PersistentCollective PrepareScatterV<T>(
        this Communicator communicator, Memory<T> buffer, BlockLayout? layout, int root = 0)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = ScatterVInPlace<T>(communicator, buffer.Length, layout, root);
        return Prepared(communicator, key, buffer, buffer.Slice(start, length), op: null);
    }

    /// <summary>Prepares an all-gather in place that can be started many times.</summary>
    /// <inheritdoc cref="AllGather{T}(Communicator, Span{T})"/>
    public static PersistentCollective PrepareAllGather<T>(this Communicator communicator, Memory<T> buffer)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = AllGatherInPlace<T>(communicator, buffer.Length);
        return Prepared(communicator, key, buffer.Slice(start, length), buffer, op: null);
    }

    /// <summary>Prepares an all-gather with counts in place that can be started many times.</summary>
    /// <inheritdoc cref="AllGatherV{T}(Communicator, Span{T}, BlockLayout)"/>
    public static PersistentCollective PrepareAllGatherV<T>(this Communicator communicator, Memory<T> buffer, BlockLayout layout)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = AllGatherVInPlace<T>(communicator, buffer.Length, layout);
        return Prepared(communicator, key, buffer.Slice(start, length), buffer, op: null);
    }

    /// <summary>Prepares an all-to-all in place that can be started many times.</summary>
    /// <inheritdoc cref="AllToAll{T}(Communicator, Span{T})"/>
    public static PersistentCollective PrepareAllToAll<T>(this Communicator communicator, Memory<T> buffer)
        where T : unmanaged => communicator.PrepareAllToAll<T>(buffer, buffer);

    /// <summary>Prepares an all-to-all with counts in place that can be started many times.</summary>
    /// <inheritdoc cref="AllToAllV{T}(Communicator, Span{T}, BlockLayout)"/>
    public static PersistentCollective PrepareAllToAllV<T>(this Communicator communicator, Memory<T> buffer, BlockLayout layout)
        where T : unmanaged => communicator.PrepareAllToAllV<T>(buffer, layout, buffer, layout);

    /// <summary>Prepares a reduction in place that can be started many times.</summary>
    /// <inheritdoc cref="Reduce{T}(Communicator, Span{T}, ReduceOp{T}, int)"/>
    public static PersistentCollective PrepareReduce<T>(this Communicator communicator, Memory<T> buffer, ReduceOp<T> op, int root = 0)
        where T : unmanaged => communicator.PrepareReduce(buffer, buffer, op, root);

    /// <summary>Prepares an all-reduction in place that can be started many times.</summary>
    /// <inheritdoc cref="AllReduce{T}(Communicator, Span{T}, ReduceOp{T})"/>
    public static PersistentCollective PrepareAllReduce<T>(this Communicator communicator, Memory<T> buffer, ReduceOp<T> op)
        where T : unmanaged => communicator.PrepareAllReduce(buffer, buffer, op);

    /// <summary>Prepares a reduce-scatter in place that can be started many times.</summary>
    /// <inheritdoc cref="ReduceScatterBlock{T}(Communicator, Span{T}, ReduceOp{T})"/>
    public static PersistentCollective PrepareReduceScatterBlock<T>(this Communicator communicator, Memory<T> buffer, ReduceOp<T> op)
        where T : unmanaged => Prepared(communicator, ReduceScatterBlockInPlace(communicator, buffer.Length, op), buffer, buffer, op);

    /// <summary>Prepares a reduce-scatter with counts in place that can be started many times.</summary>
    /// <inheritdoc cref="ReduceScatter{T}(Communicator, Span{T}, BlockLayout, ReduceOp{T})"/>
    public static PersistentCollective PrepareReduceScatter<T>(
        this Communicator communicator, Memory<T> buffer, BlockLayout layout, ReduceOp<T> op)
        where T : unmanaged => Prepared(communicator, ReduceScatterInPlace(communicator, buffer.Length, layout, op), buffer, buffer, op);

    /// <summary>Prepares a scan in place that can be started many times.</summary>
    /// <inheritdoc cref="Scan{T}(Communicator, Span{T}, ReduceOp{T})"/>
    public static PersistentCollective PrepareScan<T>(this Communicator communicator, Memory<T> buffer, ReduceOp<T> op)
        where T : unmanaged => communicator.PrepareScan(buffer, buffer, op);

    /// <summary>Prepares an exclusive scan in place that can be started many times.</summary>
    /// <inheritdoc cref="ExclusiveScan{T}(Communicator, Span{T}, ReduceOp{T})"/>
    public static PersistentCollective PrepareExclusiveScan<T>(this Communicator communicator, Memory<T> buffer, ReduceOp<T> op)
        where T : unmanaged => communicator.PrepareExclusiveScan(buffer, buffer, op);
}
