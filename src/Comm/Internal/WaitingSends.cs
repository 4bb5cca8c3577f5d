namespace BoxerMpi.Internal;

/// <summary>Sends to a peer that may not leave yet, in order within each context. Used under the engine's gate.</summary>
internal sealed class WaitingSends
{
    private readonly Dictionary<ulong, LinkedList<SendOperation>> _byContext = [];

    public bool IsEmpty => _byContext.Count == 0;

    /// <summary>Contexts of which sends wait.</summary>
    public ulong[] Contexts() => [.. _byContext.Keys];

    /// <summary>Whether sends of a context wait, so that later ones have to wait behind them.</summary>
    public bool Has(ulong context) => _byContext.ContainsKey(context);

    /// <summary>Adds a send behind those of its context.</summary>
    /// <returns>Whether it is the first.</returns>
    public bool Add(SendOperation send)
    {
        if (!_byContext.TryGetValue(send.Context, out LinkedList<SendOperation>? sends))
            _byContext.Add(send.Context, sends = new LinkedList<SendOperation>());
        sends.AddLast(send.Place);
        return sends.Count == 1;
    }

    public void Remove(SendOperation send)
    {
        LinkedList<SendOperation> sends = _byContext[send.Context];
        sends.Remove(send.Place);
        if (sends.Count == 0)
            _byContext.Remove(send.Context);
    }

    /// <summary>The first one of some context.</summary>
    public SendOperation First()
    {
        foreach (LinkedList<SendOperation> sends in _byContext.Values)
            return sends.First!.Value;
        throw new InvalidOperationException("no send waits");
    }

    /// <summary>The first one of a context, or null.</summary>
    public SendOperation? First(ulong context) =>
        _byContext.TryGetValue(context, out LinkedList<SendOperation>? sends) ? sends.First!.Value : null;

    /// <summary>All of them, in order within each context.</summary>
    public SendOperation[] ToArray() => [.. _byContext.Values.SelectMany(sends => sends)];
}
