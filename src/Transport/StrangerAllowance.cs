namespace BoxerMpi.Transport;

/// <summary>How many strangers may stay connected, as far as the process has descriptors for them.</summary>
/// <remarks>
/// A new descriptor has the lowest free number: when that is N, N + 1 are in use. Once it comes near the limit, the number of strangers
/// that there are then, less those that are too many, is what is allowed: later ones fill the gaps of those that gave way, and
/// their low numbers tell nothing. When most are gone, the next number that comes near says anew what is allowed.
/// </remarks>
/// <param name="current">How many descriptors the process may have, at each look; what the system says by default.</param>
internal sealed class StrangerAllowance(Func<int>? current = null)
{
    private int _allowed = int.MaxValue;

    /// <summary>Looks at a new descriptor.</summary>
    /// <param name="newest">Its number.</param>
    /// <param name="strangers">How many there are, it included if it is one.</param>
    /// <param name="planned">Descriptors that are going to be needed beyond the reserve.</param>
    /// <param name="expected">Strangers that the process waits for.</param>
    /// <returns>How many may stay.</returns>
    public int Of(int newest, int strangers, int planned = 0, int expected = 0)
    {
        int all = current is null ? DescriptorLimit.Current : current();
        int limit = all - DescriptorLimit.ReserveOf(all) - planned - expected;
        if (newest >= limit)
            _allowed = Math.Max(DescriptorLimit.LeastStrangers + expected, strangers - (newest + 1 - limit));
        else if (strangers < _allowed / 2)
            _allowed = int.MaxValue;
        return _allowed;
    }
}
