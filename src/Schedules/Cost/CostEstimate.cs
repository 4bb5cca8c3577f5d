namespace BoxerMpi.Schedules;

/// <summary>What an algorithm does in a call, counted over the schedules, and how long the model says that takes.</summary>
/// <param name="Seconds">Until the last rank is done.</param>
/// <param name="Rounds">Rounds with messages of the rank that has the most.</param>
/// <param name="Messages">Messages that the busiest rank sends.</param>
/// <param name="Bytes">Bytes that the busiest rank sends.</param>
/// <param name="ReducedBytes">Bytes that the busiest rank folds.</param>
/// <param name="CopiedBytes">Bytes that the busiest rank copies.</param>
/// <param name="IsSimulated">Whether all ranks were simulated; else the time was counted from a few of them.</param>
internal readonly record struct CostEstimate(
    double Seconds, int Rounds, int Messages, long Bytes, long ReducedBytes, long CopiedBytes, bool IsSimulated);
