using System.Diagnostics.CodeAnalysis;

namespace BoxerMpi;

// Folds of objects: they are collected and folded one after the other, so any function will do and the order is that of the ranks.
public static partial class CollectiveExtensions
{
    /// <summary>Folds the objects of all ranks into one at the root, in the order of the ranks.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise.</param>
    /// <param name="fold">Gets what earlier ranks give and what later ranks give; called at the root alone.</param>
    /// <param name="root">The rank that gets the fold.</param>
    /// <returns>At the root the fold, elsewhere the rank's own object.</returns>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    public static T ReduceObject<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T value, Func<T, T, T> fold, int root = 0)
    {
        ArgumentNullException.ThrowIfNull(fold);
        T?[] values = communicator.GatherObject(value, root);
        return communicator.Rank == root ? Folded(values, fold, values.Length) : value;
    }

    /// <inheritdoc cref="ReduceObject{T}(Communicator, T, Func{T, T, T}, int)"/>
    public static async ValueTask<T> ReduceObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T value, Func<T, T, T> fold, int root = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fold);
        T?[] values = await communicator.GatherObjectAsync(value, root, cancellationToken).ConfigureAwait(false);
        return communicator.Rank == root ? Folded(values, fold, values.Length) : value;
    }

    /// <summary>Folds the objects of all ranks into one that all get, in the order of the ranks.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise.</param>
    /// <param name="fold">Gets what earlier ranks give and what later ranks give; every rank folds for itself.</param>
    /// <returns>The fold.</returns>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    public static T AllReduceObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T value, Func<T, T, T> fold)
    {
        ArgumentNullException.ThrowIfNull(fold);
        T?[] values = communicator.AllGatherObject(value);
        return Folded(values, fold, values.Length);
    }

    /// <inheritdoc cref="AllReduceObject{T}(Communicator, T, Func{T, T, T})"/>
    public static async ValueTask<T> AllReduceObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T value, Func<T, T, T> fold, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fold);
        T?[] values = await communicator.AllGatherObjectAsync(value, cancellationToken).ConfigureAwait(false);
        return Folded(values, fold, values.Length);
    }

    /// <summary>Folds the objects of the ranks up to each, in the order of the ranks.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise.</param>
    /// <param name="fold">Gets what earlier ranks give and what later ranks give; every rank folds for itself.</param>
    /// <returns>The fold of the objects of ranks 0 to this one.</returns>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    public static T ScanObject<[DynamicallyAccessedMembers(Serialised)] T>(this Communicator communicator, T value, Func<T, T, T> fold)
    {
        ArgumentNullException.ThrowIfNull(fold);
        return Folded(communicator.AllGatherObject(value), fold, communicator.Rank + 1);
    }

    /// <inheritdoc cref="ScanObject{T}(Communicator, T, Func{T, T, T})"/>
    public static async ValueTask<T> ScanObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T value, Func<T, T, T> fold, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fold);
        T?[] values = await communicator.AllGatherObjectAsync(value, cancellationToken).ConfigureAwait(false);
        return Folded(values, fold, communicator.Rank + 1);
    }

    /// <summary>Folds the objects of the ranks before each, in the order of the ranks.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="value">Any object that MemoryPack can serialise.</param>
    /// <param name="fold">Gets what earlier ranks give and what later ranks give; every rank folds for itself.</param>
    /// <param name="first">What rank 0 gets, before which there is no rank.</param>
    /// <returns>The fold of the objects of ranks 0 to the one before this.</returns>
    /// <exception cref="WireFormatException">What came is no object, or one of another type than <typeparamref name="T"/>.</exception>
    public static T? ExclusiveScanObject<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T value, Func<T, T, T> fold, T? first = default)
    {
        ArgumentNullException.ThrowIfNull(fold);
        T?[] values = communicator.AllGatherObject(value);
        return communicator.Rank == 0 ? first : Folded(values, fold, communicator.Rank);
    }

    /// <inheritdoc cref="ExclusiveScanObject{T}(Communicator, T, Func{T, T, T}, T)"/>
    public static async ValueTask<T?> ExclusiveScanObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T value, Func<T, T, T> fold, T? first = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fold);
        T?[] values = await communicator.AllGatherObjectAsync(value, cancellationToken).ConfigureAwait(false);
        return communicator.Rank == 0 ? first : Folded(values, fold, communicator.Rank);
    }

    /// <summary>
    /// Every rank gives an object for every rank, and gets the fold of those for it, in the order of the ranks that gave them.
    /// </summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="values">An object for each rank that MemoryPack can serialise.</param>
    /// <param name="fold">Gets what earlier ranks give and what later ranks give.</param>
    /// <returns>The fold of what all ranks gave for this one.</returns>
    /// <inheritdoc cref="AllToAllObject{T}(Communicator, T[])"/>
    public static T ReduceScatterObject<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T[] values, Func<T, T, T> fold)
    {
        ArgumentNullException.ThrowIfNull(fold);
        T?[] given = communicator.AllToAllObject<T>(values);
        return Folded(given, fold, given.Length);
    }

    /// <inheritdoc cref="ReduceScatterObject{T}(Communicator, T[], Func{T, T, T})"/>
    public static async ValueTask<T> ReduceScatterObjectAsync<[DynamicallyAccessedMembers(Serialised)] T>(
        this Communicator communicator, T[] values, Func<T, T, T> fold, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fold);
        T?[] given = await communicator.AllToAllObjectAsync<T>(values, cancellationToken).ConfigureAwait(false);
        return Folded(given, fold, given.Length);
    }

    private static T Folded<T>(T?[] values, Func<T, T, T> fold, int count)
    {
        T accumulator = values[0]!;
        for (int rank = 1; rank < count; rank++)
            accumulator = fold(accumulator, values[rank]!);
        return accumulator;
    }
}
