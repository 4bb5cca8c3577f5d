using System.Text;
using System.Text.Json;

namespace BoxerMpi.Schedules;

/// <summary>A link model as JSON: one object of the model's names, in seconds. What is left out is nothing; what is unknown is an error.</summary>
internal static class LinkModelText
{
    private static readonly (string Name, Func<LinkModel, double> Get, Func<LinkModel, double, LinkModel> Set)[] Terms =
    [
        ("latencySeconds", model => model.LatencySeconds, (model, value) => model with { LatencySeconds = value }),
        ("messageSeconds", model => model.MessageSeconds, (model, value) => model with { MessageSeconds = value }),
        ("byteSeconds", model => model.ByteSeconds, (model, value) => model with { ByteSeconds = value }),
        ("processorMessageSeconds", model => model.ProcessorMessageSeconds, (model, value) => model with { ProcessorMessageSeconds = value }),
        ("processorByteSeconds", model => model.ProcessorByteSeconds, (model, value) => model with { ProcessorByteSeconds = value }),
        ("switchSeconds", model => model.SwitchSeconds, (model, value) => model with { SwitchSeconds = value }),
        ("reduceByteSeconds", model => model.ReduceByteSeconds, (model, value) => model with { ReduceByteSeconds = value }),
        ("copyByteSeconds", model => model.CopyByteSeconds, (model, value) => model with { CopyByteSeconds = value }),
        ("stepSeconds", model => model.StepSeconds, (model, value) => model with { StepSeconds = value }),
        ("linkSetUpSeconds", model => model.LinkSetUpSeconds, (model, value) => model with { LinkSetUpSeconds = value }),
        ("linkSetUpParallel", model => model.LinkSetUpParallel, (model, value) => model with { LinkSetUpParallel = Whole(value) }),
        ("mostLinks", model => model.MostLinks, (model, value) => model with { MostLinks = Whole(value) }),
    ];

    public static string Write(LinkModel model)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("name", model.Name);
            foreach ((string name, Func<LinkModel, double> get, _) in Terms)
                writer.WriteNumber(name, get(model));
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    /// <exception cref="ArgumentException">The text is no model; the message begins with the line.</exception>
    public static LinkModel Parse(string json)
    {
        StrictJson reader = new(json);
        LinkModel model = new() { Name = "measured" };
        reader.ReadObject(name =>
        {
            if (name == "name")
            {
                model = model with { Name = reader.ReadText() };
                return;
            }

            int term = Array.FindIndex(Terms, term => term.Name == name);
            if (term < 0)
                throw reader.Error($"a model has no '{name}'; it has name, {string.Join(", ", Array.ConvertAll(Terms, known => known.Name))}");
            double value = reader.ReadNumber();
            try
            {
                model = Terms[term].Set(model, value);
            }
            catch (ArgumentOutOfRangeException)
            {
                throw reader.Error($"{name} cannot be {value}");
            }
        });
        reader.End();
        return model;
    }

    private static int Whole(double value) => value is >= 0 and <= int.MaxValue && value == Math.Truncate(value)
        ? (int)value
        : throw new ArgumentOutOfRangeException(nameof(value), value, "it is a whole number");
}
