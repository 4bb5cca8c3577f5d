namespace BoxerMpi.Schedules;

/// <summary>What a simulated collective came to.</summary>
/// <param name="Seconds">Virtual time until the last rank was done.</param>
/// <param name="RankSeconds">The same for each rank.</param>
/// <param name="Messages">Messages of all ranks.</param>
/// <param name="Bytes">Bytes of all ranks' messages.</param>
internal sealed record SimulationResult(double Seconds, double[] RankSeconds, long Messages, long Bytes);
