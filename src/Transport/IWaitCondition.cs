namespace BoxerMpi.Transport;

/// <summary>What a thread waits for; looked at under the engine's gate.</summary>
internal interface IWaitCondition
{
    bool IsMet { get; }
}
