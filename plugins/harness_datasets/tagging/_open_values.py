"""Values for slots that a home fills in itself (its rooms, devices, lists, messages), made up for this data set."""

from __future__ import annotations

OPEN_VALUES: dict[str, tuple[str, ...]] = {
    "area": (
        *(
            "kitchen",
            "living room",
            "bedroom",
            "bathroom",
            "hallway",
            "garage",
            "office",
            "attic",
            "basement",
            "garden",
        ),
        *("dining room", "guest room", "nursery", "laundry room", "pantry", "library", "studio", "terrace", "balcony"),
        *("front yard", "back yard", "master bedroom", "kids room", "workshop", "cellar", "patio", "sun room", "porch"),
    ),
    "floor": ("first", "second", "third", "ground", "upper", "lower", "top", "main", "fourth", "bottom", "middle"),
    "name": (
        *("ceiling lamp", "floor lamp", "desk light", "bedside lamp", "coffee machine", "front door", "back door"),
        *("robot", "thermostat", "heater", "humidifier", "tv", "stereo", "radio", "fan", "air purifier", "sprinkler"),
        *("garage door", "left curtain", "right blind", "skylight", "christmas lights", "fish tank", "door bell"),
        *("washing machine", "dish washer", "projector", "night light", "party mode", "water pump", "camera", "oven"),
        *("hall speaker", "roomba", "shopping", "chores", "groceries", "string lights", "tesla", "dryer", "gate"),
    ),
    "message": (
        *("dinner is ready", "the bus leaves in ten minutes", "please come down", "we are home", "time for bed"),
        *("the movie starts now", "your package is here", "someone is at the door", "wake up everyone", "lunch is on"),
        *("do your homework", "the cake is done", "i am leaving now", "grandma is here", "the pool is open"),
    ),
    "search_query": (
        *("jazz", "the beatles", "abbey road", "classical music", "bohemian rhapsody", "johnny cash", "miles davis"),
        *("some rock", "the news", "star wars", "morning coffee", "rain sounds", "taylor swift", "kind of blue"),
        *("summer hits", "beethoven", "david bowie", "sesame street", "the daily", "quiet piano", "a love supreme"),
    ),
    "zone": ("work", "school", "home", "the gym", "the office", "the park", "grandma's", "the lake house", "town"),
    "timer_name": (
        *("pizza", "egg", "tea", "pasta", "laundry", "bread", "nap", "workout", "cookie", "rice", "homework", "bath"),
        *("roast chicken", "sourdough", "study", "parking", "plank", "green tea", "potato", "meeting"),
    ),
    "timer_command": (
        *("turn off the lights", "open the blinds", "play some music", "lock the front door", "start the robot"),
        *("close the garage door", "turn on the heater", "switch off the tv", "water the garden", "dim the lamp"),
    ),
    "shopping_list_item": (
        *("milk", "eggs", "bread", "apples", "olive oil", "coffee", "dish soap", "bananas", "cat food", "rice", "salt"),
        *("orange juice", "tomatoes", "paper towels", "butter", "red wine", "ginger", "light bulbs", "tofu", "honey"),
    ),
    "todo_list_item": (
        *(
            "call mom",
            "pay rent",
            "buy stamps",
            "feed the cat",
            "clean the windows",
            "water the plants",
            "book a table",
        ),
        *("fix the bike", "renew passport", "walk the dog", "mow the lawn", "write report", "return library books"),
    ),
}
"""English values by list; the lists of other languages are left open."""
