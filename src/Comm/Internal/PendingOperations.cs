namespace BoxerMpi.Internal;

/// <summary>The operations of a rank that have begun and not ended, as a list through themselves. Used under the engine's gate.</summary>
internal sealed class PendingOperations
{
    private Operation? _first;

    public bool IsEmpty => _first is null;

    public void Add(Operation operation)
    {
        operation.Previous = null;
        operation.Next = _first;
        if (_first is not null)
            _first.Previous = operation;
        _first = operation;
    }

    public void Remove(Operation operation)
    {
        if (operation.Previous is null)
            _first = operation.Next;
        else
            operation.Previous.Next = operation.Next;
        if (operation.Next is not null)
            operation.Next.Previous = operation.Previous;
        operation.Previous = operation.Next = null;
    }

    public IEnumerable<Operation> All()
    {
        for (Operation? operation = _first; operation is not null; operation = operation.Next)
            yield return operation;
    }

    /// <summary>Takes those that are affected back for good and ends them.</summary>
    public void Fail(Func<Operation, bool> affected, Func<Operation, Exception> error)
    {
        // Ending an operation changes the list, and a link that closes meanwhile ends more of them.
        foreach (Operation victim in All().Where(affected).ToArray())
        {
            if (victim.IsDone)
                continue;
            victim.Withdraw();
            victim.Complete(default, error(victim));
        }
    }
}
