namespace BoxerMpi.Schedules;

/// <summary>Schedules that do not fit each other: a deadlock, a message that nobody receives, lengths that differ.</summary>
internal sealed class ScheduleException(string message) : Exception(message);
